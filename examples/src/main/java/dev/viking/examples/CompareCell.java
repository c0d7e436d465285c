package dev.viking.examples;

import dev.viking.baseline.DrawRequest;
import dev.viking.baseline.FitStoppedException;
import dev.viking.baseline.FittedPosterior;
import dev.viking.baseline.Method;
import dev.viking.baseline.PosteriorDraw;
import dev.viking.data.LabelledImages;
import dev.viking.metrics.Classification;
import dev.viking.metrics.OutOfDistribution;
import dev.viking.metrics.UncertaintyScore;
import dev.viking.nn.Losses;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.torch.Scope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * One method with one seed: fitted, then evaluated. Nothing reads the test images before the fit
 * and the samples are there.
 *
 * @param key the method's name on the command line
 * @param method the method
 * @param seed its seed
 * @param settings of the comparison
 * @param fits where fitted posteriors are
 * @param watch progress and interruption
 */
record CompareCell(
    String key,
    Method method,
    long seed,
    CompareSettings settings,
    FitStore fits,
    CompareWatch watch) {
  private static final int CURVE_POINTS = 100;

  /** Fits and evaluates. */
  CellResult run() {
    try (Scope _ = Scope.open()) {
      FitStore.Fit fit = fits.fit(method, seed, each -> watch.fitting(name(), each));
      long fitted = System.nanoTime();
      PosteriorDraw draw = draw(fit.posterior());
      double drawSeconds = (System.nanoTime() - fitted) * 1e-9;
      return evaluate(fit, draw, drawSeconds);
    } catch (FitStoppedException e) {
      watch.interrupts().check();
      throw e;
    }
  }

  /** How messages call the cell. */
  String name() {
    return key + " seed " + seed;
  }

  private PosteriorDraw draw(FittedPosterior posterior) {
    AlternatingListener listener = watch.drawing(name(), key);
    return posterior.draw(
        new DrawRequest(
            Losses.softmaxCrossEntropy(),
            settings.sets().examples(settings.sets().train(), settings.device()),
            settings.samples(),
            seed + Evaluator.SAMPLE_STREAM,
            listener));
  }

  private CellResult evaluate(FitStore.Fit fit, PosteriorDraw draw, double drawSeconds) {
    LabelledImages images =
        settings.split() == CompareSettings.Split.TEST
            ? settings.sets().test()
            : settings.sets().validation();
    long began = System.nanoTime();
    Scores inside = new Scores();
    Classification predicted = classify(draw, images, "testing", inside);
    double predictSeconds = (System.nanoTime() - began) * 1e-9;
    Map<String, Double> diagnostics = new LinkedHashMap<>(fit.posterior().diagnostics());
    diagnostics.put("samples", (double) draw.count());
    diagnostics.putAll(draw.diagnostics());
    return new CellResult(
        seed,
        Evaluation.of(predicted),
        predicted.accuracyRejection(CURVE_POINTS),
        outside(draw, inside),
        shift(draw, images),
        diagnostics,
        new CellResult.Seconds(fit.seconds(), drawSeconds, predictSeconds));
  }

  private Map<String, Map<String, OutOfDistribution>> outside(PosteriorDraw draw, Scores inside) {
    Map<String, Map<String, OutOfDistribution>> found = new LinkedHashMap<>();
    for (Map.Entry<String, Path> other : settings.outside().entrySet()) {
      Scores scores = new Scores();
      LabelledImages images = settings.sets().others("--ood", other.getValue(), settings.split());
      classify(draw, images, other.getKey(), scores);
      Map<String, OutOfDistribution> ofSet = new LinkedHashMap<>();
      for (UncertaintyScore score : UncertaintyScore.values()) {
        ofSet.put(score.key(), OutOfDistribution.of(inside.of(score), scores.of(score)));
      }
      found.put(other.getKey(), ofSet);
    }
    return found;
  }

  private List<CellResult.Shift> shift(PosteriorDraw draw, LabelledImages images) {
    List<CellResult.Shift> shift = new ArrayList<>();
    for (double degrees : settings.rotations()) {
      Classification turned =
          classify(draw, images.rotated(degrees), "turned by " + degrees, new Scores());
      shift.add(new CellResult.Shift(degrees, turned.metrics().asMap()));
    }
    return shift;
  }

  private Classification classify(
      PosteriorDraw draw, LabelledImages images, String task, Scores scores) {
    ImageExamples data = settings.sets().examples(images, settings.device());
    int chunks = ImagePredictions.chunks(data);
    return new ImagePredictions(data, images.labelArray(), watch.interrupts())
        .classify(
            draw::predict,
            done -> watch.show(name(), task + " " + done + "/" + chunks),
            predicted -> {
              if (!settings.outside().isEmpty()) {
                scores.add(predicted);
              }
            });
  }

  /** Scores of images, collected piece by piece. */
  private static final class Scores {
    private final Map<UncertaintyScore, List<double[]>> pieces = new LinkedHashMap<>();

    void add(PredictiveSamples predicted) {
      int[] members = predicted.members().stream().mapToInt(Integer::intValue).toArray();
      for (UncertaintyScore score : UncertaintyScore.values()) {
        pieces
            .computeIfAbsent(score, _ -> new ArrayList<>())
            .add(score.of(predicted.outputs(), members));
      }
    }

    double[] of(UncertaintyScore score) {
      return pieces.getOrDefault(score, List.of()).stream()
          .flatMapToDouble(DoubleStream::of)
          .toArray();
    }
  }
}
