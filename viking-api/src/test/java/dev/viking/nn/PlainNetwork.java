package dev.viking.nn;

import java.util.Arrays;

/** Networks evaluated in plain Java doubles, one example at a time, from the textbook formulas. */
final class PlainNetwork {
  private final double[] parameters;
  private int next;

  PlainNetwork(double[] parameters) {
    this.parameters = parameters;
  }

  static double activate(Activation function, double z) {
    return switch (function) {
      case TANH -> Math.tanh(z);
      case RELU -> Math.max(z, 0);
      case GELU_TANH ->
          z / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z)));
      case SILU -> z / (1 + Math.exp(-z));
      case GELU -> z * normalProbability(z);
      case ELU -> z > 0 ? z : Math.exp(z) - 1;
      case SOFTPLUS -> Math.log(1 + Math.exp(z));
      case SIGMOID -> 1 / (1 + Math.exp(-z));
      case LEAKY_RELU -> z > 0 ? z : 0.01 * z;
      case HARD_TANH -> Math.min(1, Math.max(-1, z));
      case HARD_SIGMOID -> Math.min(1, Math.max(0, z / 6 + 0.5));
      case HARD_SWISH -> z * Math.min(1, Math.max(0, z / 6 + 0.5));
    };
  }

  /** The integral of the standard normal density up to z, by its power series. */
  private static double normalProbability(double z) {
    double term = z;
    double sum = z;
    for (int n = 1; n < 200; n++) {
      term *= z * z / (2 * n + 1);
      sum += term;
    }
    return 0.5 + sum * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
  }

  double[] mlp(int[] sizes, Activation function, double[] inputs) {
    double[] values = inputs;
    for (int i = 1; i < sizes.length; i++) {
      values = linear(values, sizes[i]);
      if (i + 1 < sizes.length) {
        values = Arrays.stream(values).map(z -> activate(function, z)).toArray();
      }
    }
    return values;
  }

  double[] leNet(double[] pixels) {
    double[][][] maps = {rows(pixels, 28)};
    maps = pool(tanh(convolve(maps, 6, 5)));
    maps = pool(tanh(convolve(maps, 16, 5)));
    double[] flat =
        Arrays.stream(maps).flatMap(Arrays::stream).flatMapToDouble(Arrays::stream).toArray();
    double[] hidden = Arrays.stream(linear(flat, 120)).map(Math::tanh).toArray();
    return linear(Arrays.stream(linear(hidden, 84)).map(Math::tanh).toArray(), 10);
  }

  /** How many parameters the evaluation has used. */
  int used() {
    return next;
  }

  private double[] linear(double[] inputs, int outputs) {
    double[] values = new double[outputs];
    for (int o = 0; o < outputs; o++) {
      for (double input : inputs) {
        values[o] += parameters[next++] * input;
      }
    }
    for (int o = 0; o < outputs; o++) {
      values[o] += parameters[next++];
    }
    return values;
  }

  private double[][][] convolve(double[][][] maps, int outputs, int kernel) {
    int weights = next;
    int biases = weights + outputs * maps.length * kernel * kernel;
    next = biases + outputs;
    int size = maps[0].length - kernel + 1;
    double[][][] result = new double[outputs][size][size];
    for (int o = 0; o < outputs; o++) {
      for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
          double sum = parameters[biases + o];
          int weight = weights + o * maps.length * kernel * kernel;
          for (double[][] map : maps) {
            for (int dy = 0; dy < kernel; dy++) {
              for (int dx = 0; dx < kernel; dx++) {
                sum += parameters[weight++] * map[y + dy][x + dx];
              }
            }
          }
          result[o][y][x] = sum;
        }
      }
    }
    return result;
  }

  private static double[][][] tanh(double[][][] maps) {
    for (double[][] map : maps) {
      for (double[] row : map) {
        Arrays.setAll(row, x -> Math.tanh(row[x]));
      }
    }
    return maps;
  }

  private static double[][][] pool(double[][][] maps) {
    int size = maps[0].length / 2;
    double[][][] result = new double[maps.length][size][size];
    for (int c = 0; c < maps.length; c++) {
      for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
          double[] top = maps[c][2 * y];
          double[] bottom = maps[c][2 * y + 1];
          result[c][y][x] =
              Math.max(
                  Math.max(top[2 * x], top[2 * x + 1]), Math.max(bottom[2 * x], bottom[2 * x + 1]));
        }
      }
    }
    return result;
  }

  private static double[][] rows(double[] pixels, int width) {
    double[][] rows = new double[pixels.length / width][];
    Arrays.setAll(rows, y -> Arrays.copyOfRange(pixels, y * width, (y + 1) * width));
    return rows;
  }
}
