package dev.viking.examples;

import dev.viking.data.Sinusoid;
import dev.viking.nn.Losses;
import dev.viking.nn.Sequential;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingData;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;

/**
 * Why the Laplace approximation fails on a small network: the regression of {@link RegressionDemo}
 * by the posterior's mean, by samples of the posterior, and by the same samples of the linearised
 * network.
 *
 * @param seed of data, network and samples
 * @param percent of the usual number of training steps
 * @param progress where to tell
 * @param interrupts when to stop
 */
record LaplaceDemo(long seed, int percent, Progress progress, Interrupts interrupts) {
  private static final int STEPS = 1_000;
  private static final int SAMPLES = 200;
  private static final double PRECISION = 1;

  Path draw(Path file) {
    Sequential model = RegressionDemo.model();
    Sinusoid points = Sinusoid.generate(seed);
    TrainerOptions options =
        DemoOptions.fullBatch(
                seed, points.count(), Math.ceilDiv(STEPS * percent, 100), 0, 1, ElboOptions.exact())
            .toBuilder()
            .mlePriorPrecision(PRECISION)
            .build();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(seed)) {
      Tensor inputs = RegressionDemo.scaledInputs(points.inputs(DType.FLOAT64));
      Tensor targets = points.targets(DType.FLOAT64).div(RegressionDemo.HEIGHT);
      Tensor mean =
          new VikingTrainer(
                  model,
                  Losses.gaussian(RegressionDemo.NOISE),
                  options,
                  new DemoListener("Laplace", options, progress, interrupts))
              .train(TrainingData.of(inputs, targets))
              .pointEstimate();
      LaplaceOnRegression laplace =
          LaplaceOnRegression.of(
              model, mean, inputs, RegressionDemo.NOISE, PRECISION, SAMPLES, rng);
      double[] x = RegressionDemo.grid();
      Tensor grid = RegressionDemo.scaledInputs(Tensor.of(x, x.length, 1));
      Pictures.laplace(
          file,
          points,
          x,
          RegressionDemo.scaled(laplace.meanAlone(grid)),
          RegressionDemo.scaled(laplace.predict(Predictions.SAMPLED, grid)),
          RegressionDemo.scaled(laplace.predict(Predictions.LINEARISED, grid)));
      return file;
    }
  }
}
