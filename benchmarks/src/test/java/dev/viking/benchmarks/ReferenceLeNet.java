package dev.viking.benchmarks;

import org.jspecify.annotations.Nullable;

/**
 * The paper's LeNet in plain loops over doubles, and its directional derivatives by differences.
 */
final class ReferenceLeNet {
  static final int PARAMETERS = 44_426;

  private static final double STEP = 1e-4;

  private final double[][] images;
  private final double @Nullable [] winnersAt;
  private final long[] labels;

  ReferenceLeNet(int batch) {
    this(batch, null);
  }

  /** The network whose pooling takes the pixels that win at the given parameters. */
  ReferenceLeNet(int batch, double @Nullable [] winnersAt) {
    this.winnersAt = winnersAt;
    images = new double[batch][];
    for (int b = 0; b < batch; b++) {
      images[b] = new double[28 * 28];
      for (int i = 0; i < images[b].length; i++) {
        images[b][i] = (float) (Inputs.unit(2, (long) b * 28 * 28 + i) + 0.5);
      }
    }
    labels = Inputs.labels(batch, 10);
  }

  /** Logits, example by example. */
  double[] outputs(double[] parameters) {
    double[] all = new double[images.length * 10];
    for (int b = 0; b < images.length; b++) {
      System.arraycopy(logits(parameters, images[b]), 0, all, 10 * b, 10);
    }
    return all;
  }

  /** Cross-entropy of each example. */
  double[] losses(double[] parameters) {
    double[] outputs = outputs(parameters);
    double[] losses = new double[images.length];
    for (int b = 0; b < losses.length; b++) {
      double sum = 0;
      for (int c = 0; c < 10; c++) {
        sum += Math.exp(outputs[10 * b + c]);
      }
      losses[b] = Math.log(sum) - outputs[10 * b + (int) labels[b]];
    }
    return losses;
  }

  double meanLoss(double[] parameters) {
    double sum = 0;
    for (double loss : losses(parameters)) {
      sum += loss;
    }
    return sum / labels.length;
  }

  /** A function of the parameters. */
  interface Function {
    double[] at(double[] parameters);
  }

  /** Derivative along a direction, by central differences. */
  static double[] along(Function f, double[] parameters, double[] direction) {
    double[] ahead = f.at(plus(parameters, direction, STEP));
    double[] behind = f.at(plus(parameters, direction, -STEP));
    for (int i = 0; i < ahead.length; i++) {
      ahead[i] = (ahead[i] - behind[i]) / (2 * STEP);
    }
    return ahead;
  }

  static double[] plus(double[] a, double[] b, double factor) {
    double[] sum = a.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += factor * b[i];
    }
    return sum;
  }

  private double[] logits(double[] p, double[] image) {
    double[] q = winnersAt == null ? p : winnersAt;
    double[] deciding = convolve(image, 1, 28, q, 0, 6);
    int[] winners = winners(deciding, 6, 24);
    double[] first = tanh(take(convolve(image, 1, 28, p, 0, 6), winners));
    deciding = convolve(tanh(take(deciding, winners)), 6, 12, q, 156, 16);
    winners = winners(deciding, 16, 8);
    double[] second = tanh(take(convolve(first, 6, 12, p, 156, 16), winners));
    double[] third = tanh(linear(second, p, 2572, 120));
    double[] fourth = tanh(linear(third, p, 33_412, 84));
    return linear(fourth, p, 43_576, 10);
  }

  // Kernel 5x5, weights [out, in, 5, 5] from the offset on, then the biases.
  private static double[] convolve(
      double[] x, int channels, int side, double[] p, int offset, int out) {
    int size = side - 4;
    int biases = offset + out * channels * 25;
    double[] y = new double[out * size * size];
    for (int o = 0; o < out; o++) {
      for (int row = 0; row < size; row++) {
        for (int column = 0; column < size; column++) {
          double sum = p[biases + o];
          for (int c = 0; c < channels; c++) {
            for (int k = 0; k < 25; k++) {
              sum +=
                  p[offset + (o * channels + c) * 25 + k]
                      * x[(c * side + row + k / 5) * side + column + k % 5];
            }
          }
          y[(o * size + row) * size + column] = sum;
        }
      }
    }
    return y;
  }

  // Where the largest number of each block of 2x2 lies.
  private static int[] winners(double[] x, int channels, int side) {
    int size = side / 2;
    int[] winners = new int[channels * size * size];
    for (int i = 0; i < winners.length; i++) {
      int channel = i / (size * size);
      int corner = (channel * side + 2 * (i / size % size)) * side + 2 * (i % size);
      winners[i] = corner;
      for (int other : new int[] {corner + 1, corner + side, corner + side + 1}) {
        if (x[other] > x[winners[i]]) {
          winners[i] = other;
        }
      }
    }
    return winners;
  }

  private static double[] take(double[] x, int[] indices) {
    double[] y = new double[indices.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = x[indices[i]];
    }
    return y;
  }

  private static double[] linear(double[] x, double[] p, int offset, int out) {
    double[] y = new double[out];
    for (int o = 0; o < out; o++) {
      y[o] = p[offset + out * x.length + o];
      for (int i = 0; i < x.length; i++) {
        y[o] += p[offset + o * x.length + i] * x[i];
      }
    }
    return y;
  }

  private static double[] tanh(double[] x) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = Math.tanh(x[i]);
    }
    return y;
  }
}
