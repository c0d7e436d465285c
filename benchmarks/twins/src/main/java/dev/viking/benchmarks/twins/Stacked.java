package dev.viking.benchmarks.twins;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Weights of S samples as batched operators take them: linear weights [S, in, out] with bias [S, 1,
 * out], convolutions of all samples side by side [S * out, in, k, k] with bias [S * out]. The first
 * convolution sees the same input for every sample; later ones are grouped.
 */
record Stacked(int samples, List<float[]> numbers, List<long[]> shapes) {
  /** Sizes of the weights of each layer, as in latency_worker.py; biases follow. */
  private static int[][] layers(String network) {
    return switch (network) {
      case "mlp" -> new int[][] {{64, 32}, {64, 64}, {1, 64}};
      case "lenet" -> new int[][] {{6, 1, 5, 5}, {16, 6, 5, 5}, {120, 256}, {84, 120}, {10, 84}};
      default -> throw new IllegalArgumentException("no network " + network);
    };
  }

  static Stacked of(String network, float[] flat, int samples) {
    int dimension = flat.length / samples;
    List<float[]> numbers = new ArrayList<>();
    List<long[]> shapes = new ArrayList<>();
    int at = 0;
    for (int[] sizes : layers(network)) {
      int size = Arrays.stream(sizes).reduce(1, (a, b) -> a * b);
      int out = sizes[0];
      int in = size / out;
      boolean linear = sizes.length == 2;
      float[] weight = new float[samples * size];
      float[] bias = new float[samples * out];
      for (int s = 0; s < samples; s++) {
        int from = s * dimension + at;
        for (int o = 0; o < out; o++) {
          for (int i = 0; i < in; i++) {
            weight[s * size + (linear ? i * out + o : o * in + i)] = flat[from + o * in + i];
          }
          bias[s * out + o] = flat[from + size + o];
        }
      }
      numbers.add(weight);
      numbers.add(bias);
      shapes.add(
          linear
              ? new long[] {samples, in, out}
              : new long[] {(long) samples * out, sizes[1], sizes[2], sizes[3]});
      shapes.add(linear ? new long[] {samples, 1, out} : new long[] {(long) samples * out});
      at += size + out;
    }
    return new Stacked(samples, numbers, shapes);
  }
}
