package dev.viking.serving;

import dev.viking.nn.Activation;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Tensor;

/** Random posteriors with samples, in the current scope. */
record Posteriors(Sequential model, KernelImagePosterior posterior, PosteriorSamples samples) {

  static Posteriors of(Sequential model, int samples, DType dtype, long seed) {
    try (Rng rng = Rng.seeded(seed)) {
      Tensor mean = model.initialise(rng, DType.FLOAT64, Device.CPU).to(dtype);
      KernelImagePosterior posterior = KernelImagePosterior.of(mean, 4.0, -3.0);
      long d = posterior.dimension();
      return new Posteriors(
          model,
          posterior,
          new PosteriorSamples(
              Tensor.randn(rng, DType.FLOAT64, samples, d).to(dtype),
              Tensor.randn(rng, DType.FLOAT64, samples, d).to(dtype)));
    }
  }

  static Posteriors mlp(int samples) {
    return of(Mlp.of(new int[] {32, 64, 64, 1}, Activation.TANH), samples, DType.FLOAT32, 3);
  }

  CompiledPredictor compile(PredictorOptions options) {
    return CompiledPredictor.of(model, posterior, samples, options);
  }
}
