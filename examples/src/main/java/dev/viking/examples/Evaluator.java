package dev.viking.examples;

import dev.viking.metrics.Classification;
import dev.viking.nn.LeNet;
import dev.viking.nn.Losses;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Evaluates trained networks on test images. The samples depend on the seed alone, so that the same
 * posterior evaluated again gives the same numbers.
 *
 * @param config how the network was trained
 * @param sets the images; samples are projected through the training images
 * @param samples how many posterior samples predict
 * @param interrupts asked between blocks of work
 */
record Evaluator(RunConfig config, ImageSets sets, int samples, Interrupts interrupts) {
  private static final long SAMPLE_STREAM = 0x5eedL << 32;
  private static final int CHUNK = 500;

  /**
   * A posterior's evaluation.
   *
   * @param predictive with the mean of the samples' probabilities
   * @param kernelShare share of the samples' variance that lies in the kernel
   */
  record PosteriorEvaluation(Evaluation predictive, double kernelShare) {}

  /** Evaluates one parameter vector, [D]. */
  Evaluation point(Tensor parameters) {
    try (Scope _ = Scope.open()) {
      Predictor predictor = new Predictor(LeNet.paper(), Predictions.SAMPLED);
      return Evaluation.of(classify(inputs -> predictor.predict(parameters, inputs), _ -> {}));
    }
  }

  /**
   * Draws samples by one pass of alternating projections over the training images, and predicts.
   *
   * @param use what else is done with the samples, which are freed afterwards
   */
  PosteriorEvaluation posterior(
      KernelImagePosterior posterior,
      long seed,
      Progress progress,
      Consumer<PosteriorSamples> use) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(seed + SAMPLE_STREAM, config.device())) {
      AlternatingProjections projections =
          new AlternatingProjections(
              LeNet.paper(),
              Losses.softmaxCrossEntropy(),
              JacobianKind.LOSS,
              config.solver(),
              config.integer("batch-size"),
              1);
      ImageExamples data = new ImageExamples(sets.train(), config.device());
      int chunks = Math.ceilDiv(sets.test().count(), CHUNK);
      progress.begin("sampling", Math.ceilDiv(data.size(), config.integer("batch-size")));
      AlternatingListener listener =
          (pass, block, blocks, residual) -> {
            interrupts.check();
            progress.to(block, "residual %.1e".formatted(residual));
          };
      PosteriorSamples drawn = projections.sample(posterior, data, samples, rng, listener);
      progress.end();
      use.accept(drawn);
      progress.begin("testing", chunks);
      Predictor predictor = new Predictor(LeNet.paper(), Predictions.SAMPLED, CHUNK);
      Classification predictions =
          classify(
              inputs -> predictor.predict(posterior, drawn, inputs),
              done -> progress.to(done, samples + " samples"));
      progress.end();
      return new PosteriorEvaluation(Evaluation.of(predictions), drawn.kernelShare());
    }
  }

  private interface Prediction {
    PredictiveSamples of(Tensor inputs);
  }

  private interface Done {
    void chunks(int done);
  }

  /** Predicts the test images, chunk after chunk. */
  private Classification classify(Prediction prediction, Done done) {
    ImageExamples data = new ImageExamples(sets.test(), config.device());
    List<Tensor> outputs = new ArrayList<>();
    for (int first = 0; first < data.size(); first += CHUNK) {
      interrupts.check();
      int last = Math.min(first + CHUNK, data.size());
      try (Scope scope = Scope.open()) {
        Tensor inputs = data.select(IntStream.range(first, last).toArray()).inputs();
        outputs.add(scope.keep(prediction.of(inputs).logProbabilities().to(Device.CPU)));
      }
      done.chunks(Math.ceilDiv(last, CHUNK));
    }
    Tensor all = Tensor.cat(outputs, 1).to(DType.FLOAT64);
    return Classification.ofLogits(all, sets.test().labelArray());
  }
}
