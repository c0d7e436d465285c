package dev.viking.examples;

import dev.viking.data.Sinusoid;
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
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingData;
import dev.viking.posterior.TrainingResult;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;

/**
 * The 1-D regression of the VIKING experiments: ten noisy points of a sine with a gap, the function
 * Jacobian, and predictions linearised in the parameters. Inputs and targets are scaled to unit
 * size.
 *
 * @param seed of data, network and samples
 * @param percent of the usual number of training steps
 * @param progress where to tell
 * @param interrupts when to stop
 */
record RegressionDemo(long seed, int percent, Progress progress, Interrupts interrupts) {
  private static final int MLE_STEPS = 300;
  private static final int ELBO_STEPS = 1_200;
  private static final int SAMPLES = 8;
  private static final int PLOT_SAMPLES = 200;
  private static final int WIDTH = 16;
  private static final double CENTRE = 0.5;
  private static final double SPREAD = 0.1;

  /** What targets are divided by. */
  static final double HEIGHT = 5;

  /** Standard deviation of the likelihood, in units of the scaled targets. */
  static final double NOISE = 0.04;

  private static final double FROM = 0.2;
  private static final double TO = 0.8;
  private static final int GRID = 301;

  Path draw(Path file) {
    Sequential model = model();
    Loss loss = Losses.gaussian(NOISE);
    Sinusoid points = Sinusoid.generate(seed);
    ElboOptions elbo =
        ElboOptions.exact()
            .withJacobian(JacobianKind.FUNCTION)
            .withPredictions(Predictions.LINEARISED);
    TrainerOptions options =
        DemoOptions.fullBatch(
            seed,
            points.count(),
            Math.ceilDiv(MLE_STEPS * percent, 100),
            Math.ceilDiv(ELBO_STEPS * percent, 100),
            SAMPLES,
            elbo);
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(seed)) {
      TrainingData data =
          TrainingData.of(
              scaledInputs(points.inputs(DType.FLOAT64)),
              points.targets(DType.FLOAT64).div(HEIGHT));
      TrainingResult result =
          new VikingTrainer(
                  model,
                  loss,
                  options,
                  new DemoListener("regression", options, progress, interrupts))
              .train(data);
      KernelImagePosterior posterior = result.posterior();
      PosteriorSamples samples =
          new AlternatingProjections(
                  model, loss, JacobianKind.FUNCTION, elbo.solver(), points.count(), 1)
              .sample(posterior, data, PLOT_SAMPLES, rng, AlternatingListener.NONE);
      double[] x = grid();
      Tensor grid = scaledInputs(Tensor.of(x, GRID, 1));
      Predictor predictor = new Predictor(model, Predictions.LINEARISED);
      Tensor none = Tensor.zerosLike(samples.kernel());
      Pictures.regression(
          file,
          points,
          x,
          scaled(predictor.predict(posterior, samples, grid)),
          scaled(predictor.predict(posterior, new PosteriorSamples(samples.kernel(), none), grid)),
          scaled(predictor.predict(posterior, new PosteriorSamples(none, samples.image()), grid)));
      return file;
    }
  }

  /** The network. */
  static Sequential model() {
    return Mlp.of(new int[] {1, WIDTH, WIDTH, 1}, Activation.TANH)
        .withInitialiser(Initialisers.uniformFanIn());
  }

  /** Inputs as the network gets them. */
  static Tensor scaledInputs(Tensor inputs) {
    return inputs.sub(CENTRE).div(SPREAD);
  }

  /** Where predictions are drawn, in the units of the data. */
  static double[] grid() {
    double[] x = new double[GRID];
    for (int i = 0; i < GRID; i++) {
      x[i] = FROM + (TO - FROM) * i / (GRID - 1);
    }
    return x;
  }

  /** Predictions in the units of the data. */
  static PredictiveSamples scaled(PredictiveSamples predictions) {
    return new PredictiveSamples(predictions.outputs().mul(HEIGHT));
  }
}
