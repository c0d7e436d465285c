package dev.viking.benchmarks;

import dev.viking.nn.ParameterLayout;

/**
 * Inputs by closed formulas that the Python and C++ twins evaluate to the same bits, so that no
 * files need to be exchanged. Safe for all threads.
 */
public final class Inputs {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private Inputs() {}

  /**
   * A well-mixed number for an index of a stream (the finaliser of SplitMix64), exact in float32.
   *
   * @param stream which sequence
   * @param index which element of it
   * @return a multiple of 2^-24 in [-0.5, 0.5)
   */
  public static double unit(long stream, long index) {
    long z = ((stream << 32) + index + 1) * GOLDEN;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    z ^= z >>> 31;
    return (z >>> 40) * 0x1.0p-24 - 0.5;
  }

  /**
   * Numbers with a given spread around a centre.
   *
   * @param stream which sequence
   * @param count how many
   * @param scale what the numbers in [-0.5, 0.5) are multiplied with
   * @param centre what is added
   * @return a fresh array
   */
  public static float[] floats(long stream, int count, double scale, double centre) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (unit(stream, i) * scale + centre);
    }
    return values;
  }

  /**
   * Parameters of a network: weights uniform with variance one over the fan-in, biases in [-0.05,
   * 0.05), scales of norms in [0.95, 1.05).
   *
   * @param layout where each parameter lies
   * @param stream which sequence
   * @return the flat vector
   */
  public static float[] parameters(ParameterLayout layout, long stream) {
    float[] values = new float[(int) layout.total()];
    for (ParameterLayout.Entry entry : layout.entries()) {
      long[] shape = entry.shape();
      double scale =
          shape.length == 1 ? 0.1 : 2.0 * Math.sqrt(3.0 / ((double) entry.size() / shape[0]));
      double centre = shape.length == 1 && entry.name().endsWith(".weight") ? 1.0 : 0.0;
      for (long i = entry.offset(); i < entry.offset() + entry.size(); i++) {
        values[(int) i] = (float) (unit(stream, i) * scale + centre);
      }
    }
    return values;
  }

  /**
   * Labels that go round through the classes.
   *
   * @param count how many
   * @param classes how many classes
   * @return a fresh array
   */
  public static long[] labels(int count, int classes) {
    long[] labels = new long[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % classes;
    }
    return labels;
  }
}
