package dev.viking.benchmarks;

import dev.viking.nn.Activation;
import dev.viking.nn.LeNet;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Likelihood;
import dev.viking.serving.PredictorOptions;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

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

  /** Little-endian float32 numbers of a file. */
  static float[] read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    float[] numbers = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(numbers);
    return numbers;
  }

  /** A predictor whose samples are the given weights themselves. */
  static CompiledPredictor compile(String name, Tensor weights, int threads) {
    try (Scope _ = Scope.open()) {
      Tensor mean = Tensor.zeros(DType.FLOAT32, weights.size(1));
      return CompiledPredictor.of(
          model(name),
          KernelImagePosterior.of(mean, 0, 0),
          new PosteriorSamples(weights, weights.mul(0.0)),
          PredictorOptions.of(likelihood(name)).withThreads(threads));
    }
  }
}
