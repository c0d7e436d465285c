package dev.viking.baseline;

import dev.viking.nn.Activation;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** Three clouds of points in the plane, one for each class, and a small network for them. */
final class Blobs {
  static final Sequential MODEL = Mlp.of(new int[] {2, 6, 3}, Activation.TANH);
  static final Loss LOSS = Losses.softmaxCrossEntropy();
  static final int COUNT = 48;

  private Blobs() {}

  static TrainingData data(DType dtype) {
    return TrainingData.of(inputs(7, COUNT, dtype), labels(COUNT));
  }

  /** Points [count, 2], in the caller's current scope. */
  static Tensor inputs(long seed, int count, DType dtype) {
    double[] points = new double[2 * count];
    for (int i = 0; i < count; i++) {
      double angle = 2 * Math.PI * (i % 3) / 3;
      points[2 * i] = 1.5 * Math.cos(angle);
      points[2 * i + 1] = 1.5 * Math.sin(angle);
    }
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(seed)) {
      Tensor noise = Tensor.randn(rng, DType.FLOAT64, count, 2).mul(0.7);
      return scope.keep(Tensor.of(points, count, 2).add(noise).to(dtype));
    }
  }

  private static Tensor labels(int count) {
    long[] labels = new long[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % 3;
    }
    return Tensor.of(labels, count);
  }

  static FitContext context(long seed) {
    return FitContext.of(MODEL, LOSS, data(DType.FLOAT32), seed);
  }
}
