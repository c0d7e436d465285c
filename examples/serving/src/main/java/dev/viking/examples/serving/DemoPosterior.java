package dev.viking.examples.serving;

import dev.viking.nn.Activation;
import dev.viking.nn.LeNet;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Likelihood;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** Untrained networks with random samples: as fast as trained ones, and nothing to download. */
enum DemoPosterior {
  /** 32 inputs, two layers of 64, one output: a regression. */
  MLP(Likelihood.REGRESSION),
  /** LeNet for 28x28 images and ten classes. */
  LENET(Likelihood.CATEGORICAL);

  private static final double LOG_PRECISION = 4;
  private static final double LOG_SCALE_IMAGE = -3;

  private final Likelihood likelihood;

  DemoPosterior(Likelihood likelihood) {
    this.likelihood = likelihood;
  }

  private Sequential model() {
    return switch (this) {
      case MLP -> Mlp.of(new int[] {32, 64, 64, 1}, Activation.TANH);
      case LENET -> LeNet.paper();
    };
  }

  CompiledPredictor compile(int samples, Predictions kind, int threads) {
    Sequential model = model();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(0)) {
      Tensor mean = model.initialise(rng, DType.FLOAT32, Device.CPU);
      long dimension = model.layout().total();
      return CompiledPredictor.of(
          model,
          KernelImagePosterior.of(mean, LOG_PRECISION, LOG_SCALE_IMAGE),
          new PosteriorSamples(
              Tensor.randn(rng, DType.FLOAT32, samples, dimension),
              Tensor.randn(rng, DType.FLOAT32, samples, dimension)),
          Main.options(likelihood, kind, threads));
    }
  }
}
