package dev.viking.benchmarks;

import dev.viking.nn.Activation;
import dev.viking.nn.LeNet;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Likelihood;
import dev.viking.serving.PredictorOptions;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** The networks whose predictions are timed, and weights that all implementations share. */
final class LatencyProblem {
  private LatencyProblem() {}

  static Sequential model(String name) {
    return switch (name) {
      case "mlp" -> Mlp.of(new int[] {32, 64, 64, 1}, Activation.TANH);
      case "lenet" -> LeNet.paper();
      default -> throw new ArgumentException("no network " + name + "; mlp and lenet are known");
    };
  }

  static Likelihood likelihood(String name) {
    return name.equals("mlp") ? Likelihood.REGRESSION : Likelihood.CATEGORICAL;
  }

  /** Random weights of the size that an initialised network has. */
  static Tensor weights(String name, int samples) {
    Sequential model = model(name);
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(1)) {
      Tensor mean = model.initialise(rng, DType.FLOAT32, Device.CPU);
      Tensor noise = Tensor.randn(rng, DType.FLOAT32, samples, model.layout().total());
      return scope.keep(noise.mul(0.05).add(mean));
    }
  }

  /**
   * A predictor whose samples are the given weights themselves; linearised around their mean, where
   * that is asked for.
   */
  static CompiledPredictor compile(String name, Tensor weights, Predictions kind, int threads) {
    try (Scope _ = Scope.open()) {
      boolean sampled = kind == Predictions.SAMPLED;
      Tensor mean = sampled ? Tensor.zeros(DType.FLOAT32, weights.size(1)) : weights.mean(0);
      return CompiledPredictor.of(
          model(name),
          KernelImagePosterior.of(mean, 0, 0),
          new PosteriorSamples(sampled ? weights : weights.sub(mean), weights.mul(0.0)),
          PredictorOptions.of(likelihood(name)).withKind(kind).withThreads(threads));
    }
  }
}
