package dev.viking.examples;

import dev.viking.data.TwoMoons;
import dev.viking.nn.Activation;
import dev.viking.nn.Initialisers;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.KlWeight;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingData;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The two moons of the VIKING library's example: the loss Jacobian, and predictions linearised in
 * the parameters.
 *
 * @param seed of data, network and samples
 * @param percent of the usual number of training steps
 * @param progress where to tell
 * @param interrupts when to stop
 */
record MoonsDemo(long seed, int percent, Progress progress, Interrupts interrupts) {
  private static final int MLE_STEPS = 100;
  private static final int ELBO_STEPS = 700;
  private static final int SAMPLES = 8;
  private static final int PLOT_SAMPLES = 100;
  private static final int GRID = 81;

  Path draw(Path file) {
    Sequential model =
        Mlp.of(new int[] {2, 16, 16, 16, 1}, Activation.GELU_TANH)
            .withInitialiser(Initialisers.uniformFanIn());
    Loss loss = Losses.sigmoidBinaryCrossEntropy();
    TwoMoons moons = TwoMoons.generate(seed);
    ElboOptions elbo =
        ElboOptions.exact()
            .withPredictions(Predictions.LINEARISED)
            .withKlWeight(KlWeight.absolute(1e-2));
    TrainerOptions options =
        DemoOptions.fullBatch(
            seed,
            moons.count(),
            Math.ceilDiv(MLE_STEPS * percent, 100),
            Math.ceilDiv(ELBO_STEPS * percent, 100),
            SAMPLES,
            elbo);
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(seed)) {
      TrainingData data =
          TrainingData.of(moons.inputs(DType.FLOAT64), moons.targets(DType.FLOAT64));
      KernelImagePosterior posterior =
          new VikingTrainer(
                  model, loss, options, new DemoListener("moons", options, progress, interrupts))
              .train(data)
              .posterior();
      PosteriorSamples samples =
          new AlternatingProjections(
                  model, loss, JacobianKind.LOSS, elbo.solver(), moons.count(), 1)
              .sample(posterior, data, PLOT_SAMPLES, rng, AlternatingListener.NONE);
      double[] axis = new double[GRID];
      double[] points = new double[GRID * GRID * 2];
      for (int i = 0; i < GRID; i++) {
        axis[i] = (i + 0.5) / GRID;
      }
      for (int row = 0; row < GRID; row++) {
        for (int column = 0; column < GRID; column++) {
          points[2 * (row * GRID + column)] = axis[column];
          points[2 * (row * GRID + column) + 1] = axis[row];
        }
      }
      Tensor grid = Tensor.of(points, (long) GRID * GRID, 2);
      Predictor predictor = new Predictor(model, Predictions.LINEARISED);
      Pictures.moons(
          file,
          moons,
          probabilities(predictor.predict(posterior.mean(), grid)),
          probabilities(predictor.predict(posterior, samples, grid)));
      return file;
    }
  }

  /** The mean over samples of the probability of class 1, row by row of the grid. */
  private static double[][] probabilities(PredictiveSamples predictions) {
    double[] flat = predictions.outputs().sigmoid().mean(0).toDoubleArray();
    double[][] rows = new double[GRID][];
    for (int row = 0; row < GRID; row++) {
      rows[row] = Arrays.copyOfRange(flat, row * GRID, (row + 1) * GRID);
    }
    return rows;
  }
}
