package dev.viking.data;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Tensor;

/**
 * Two interleaved half circles: the outer one (cos t, sin t) is class 0, the inner one (1 - cos t,
 * 1/2 - sin t) is class 1, t equispaced on [0, pi], with Gaussian noise; then each axis is mapped
 * so that 0.5 below the smallest and 0.5 above the largest coordinate become 0 and 1. Outer points
 * come first. Immutable.
 */
public final class TwoMoons {
  /** Number of points in the library's example. */
  public static final int DEFAULT_COUNT = 60;

  /** Standard deviation of the noise in the library's example, before the axes are scaled. */
  public static final double DEFAULT_NOISE = 0.05;

  private static final double MARGIN = 0.5;

  private final double[] points;
  private final int[] labels;

  private TwoMoons(double[] points, int[] labels) {
    this.points = points;
    this.labels = labels;
  }

  /**
   * Sixty points with noise 0.05.
   *
   * @param seed chooses the noise
   * @return the set
   */
  public static TwoMoons generate(long seed) {
    return generate(seed, DEFAULT_COUNT, DEFAULT_NOISE);
  }

  /**
   * Draws a set.
   *
   * @param seed chooses the noise
   * @param count number of points, at least 2; the outer moon has {@code count / 2} of them
   * @param noise standard deviation of the noise before scaling, at least 0
   * @return the set
   * @throws ArgumentException when count or noise is out of range
   */
  public static TwoMoons generate(long seed, int count, double noise) {
    if (count < 2) {
      throw new ArgumentException(
          "TwoMoons.generate: argument count: given " + count + "; needed at least 2");
    }
    if (!(noise >= 0) || Double.isInfinite(noise)) {
      throw new ArgumentException(
          "TwoMoons.generate: argument noise: given "
              + noise
              + "; needed a finite number of at least 0");
    }
    int outer = count / 2;
    double[] points = new double[2 * count];
    int[] labels = new int[count];
    SplitMix64 random = new SplitMix64(seed, 0x2300L);
    for (int i = 0; i < count; i++) {
      boolean inner = i >= outer;
      double t = inner ? angle(i - outer, count - outer) : angle(i, outer);
      double cos = StrictMath.cos(t);
      double sin = StrictMath.sin(t);
      points[2 * i] = (inner ? 1 - cos : cos) + noise * random.nextGaussian();
      points[2 * i + 1] = (inner ? 0.5 - sin : sin) + noise * random.nextGaussian();
      labels[i] = inner ? 1 : 0;
    }
    scale(points, 0);
    scale(points, 1);
    return new TwoMoons(points, labels);
  }

  /**
   * Number of points.
   *
   * @return the count N
   */
  public int count() {
    return labels.length;
  }

  /**
   * Coordinates in Java memory.
   *
   * @return row-major [N, 2]; a new array
   */
  public double[] points() {
    return points.clone();
  }

  /**
   * Classes in Java memory.
   *
   * @return N times 0 or 1; a new array
   */
  public int[] labels() {
    return labels.clone();
  }

  /**
   * Coordinates as a tensor. Owned by the current scope.
   *
   * @param dtype FLOAT32 or FLOAT64
   * @return [N, 2] on the CPU
   * @throws DTypeException when another dtype is asked for
   */
  public Tensor inputs(DType dtype) {
    return Columns.tensor("TwoMoons.inputs", points, dtype, count(), 2);
  }

  /**
   * Classes as floating-point targets of a sigmoid cross-entropy. Owned by the current scope.
   *
   * @param dtype FLOAT32 or FLOAT64
   * @return [N, 1] of zeros and ones on the CPU
   * @throws DTypeException when another dtype is asked for
   */
  public Tensor targets(DType dtype) {
    double[] values = new double[labels.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = labels[i];
    }
    return Columns.tensor("TwoMoons.targets", values, dtype, count(), 1);
  }

  private static double angle(int i, int n) {
    return n == 1 ? 0 : Math.PI * i / (n - 1);
  }

  private static void scale(double[] points, int axis) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (int i = axis; i < points.length; i += 2) {
      low = Math.min(low, points[i]);
      high = Math.max(high, points[i]);
    }
    low -= MARGIN;
    high += MARGIN;
    for (int i = axis; i < points.length; i += 2) {
      points[i] = (points[i] - low) / (high - low);
    }
  }
}
