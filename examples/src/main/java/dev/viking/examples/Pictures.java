package dev.viking.examples;

import dev.viking.data.Sinusoid;
import dev.viking.data.TwoMoons;
import dev.viking.metrics.Reliability;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.report.RegressionPanel;
import dev.viking.report.RegressionPlot;
import dev.viking.report.ReliabilityDiagram;
import dev.viking.report.TrainingCurves;
import dev.viking.report.TrainingPoint;
import dev.viking.report.TwoMoonsPlot;
import dev.viking.torch.Scope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The pictures of the commands; each file is replaced as a whole. */
final class Pictures {
  private Pictures() {}

  /** Accuracy against confidence of the MAP network and of VIKING. */
  static void reliability(Path file, SeedResult result) {
    Map<String, Reliability> models = new LinkedHashMap<>();
    models.put("MAP", result.map().reliability());
    models.put("VIKING", result.viking().reliability());
    RunFolder.replace(
        file, to -> ReliabilityDiagram.write(to, "Reliability on the test images", models));
  }

  /** What training the posterior looked like. */
  static void curves(Path file, TrainingHistory history) {
    List<TrainingPoint> points = new ArrayList<>();
    for (TrainingHistory.Point point : history.points()) {
      points.add(
          new TrainingPoint(
              point.step(),
              point.expectation(),
              point.kl(),
              point.rank(),
              point.residual(),
              point.scaleKernel(),
              point.scaleImage()));
    }
    RunFolder.replace(file, to -> TrainingCurves.write(to, "Training: MLE, scales, ELBO", points));
  }

  /** The posterior of the regression, whole and in its two parts. */
  static void regression(
      Path file,
      Sinusoid data,
      double[] grid,
      PredictiveSamples whole,
      PredictiveSamples kernel,
      PredictiveSamples image) {
    List<RegressionPanel> panels =
        List.of(
            panel("VIKING", data, grid, whole, 12),
            panel("kernel part alone", data, grid, kernel, 0),
            panel("image part alone", data, grid, image, 0));
    RunFolder.replace(
        file, to -> RegressionPlot.write(to, "Regression: 5 sin(10 x) with a gap", panels));
  }

  /**
   * The regression by the mean, by samples of the network, and by samples of the linearised one.
   */
  static void laplace(
      Path file,
      Sinusoid data,
      double[] grid,
      PredictiveSamples mean,
      PredictiveSamples sampled,
      PredictiveSamples linearised) {
    List<RegressionPanel> panels =
        List.of(
            panel("the mean", data, grid, mean, 0),
            panel("samples", data, grid, sampled, 12),
            panel("the same samples, linearised", data, grid, linearised, 12));
    RunFolder.replace(
        file, to -> RegressionPlot.write(to, "Laplace approximation of a small network", panels));
  }

  private static RegressionPanel panel(
      String title, Sinusoid data, double[] grid, PredictiveSamples predictions, int shown) {
    try (Scope _ = Scope.open()) {
      List<double[]> samples = new ArrayList<>();
      for (int s = 0; s < shown; s++) {
        samples.add(predictions.outputs().select(0, s).contiguous().toDoubleArray());
      }
      return new RegressionPanel(
          title,
          grid,
          predictions.mean().toDoubleArray(),
          predictions.standardDeviation().toDoubleArray(),
          samples,
          data.x(),
          data.y());
    }
  }

  /** Probability and uncertainty of the two moons, of the mean alone and of the posterior. */
  static void moons(Path file, TwoMoons moons, double[][] mean, double[][] viking) {
    Map<String, double[][]> models = new LinkedHashMap<>();
    models.put("mean alone", mean);
    models.put("VIKING", viking);
    RunFolder.replace(
        file, to -> TwoMoonsPlot.write(to, "Two moons", models, moons.points(), moons.labels()));
  }
}
