package dev.viking.data;

import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Tensor;

/**
 * The one-dimensional regression set of the VIKING experiments: ten noisy points of 5 sin(10 x)
 * with a gap in the middle. Of 20 equispaced x in [0.35, 0.65], with noise whose standard deviation
 * rises from 0.001 to 1, the first and the last five are kept. Immutable.
 */
public final class Sinusoid {
  /** Standard deviation of the Gaussian likelihood that the experiments use for this set. */
  public static final double LIKELIHOOD_STD = 0.01;

  private static final int GRID = 20;
  private static final int KEPT_EACH_SIDE = 5;

  private final double[] x;
  private final double[] y;

  private Sinusoid(double[] x, double[] y) {
    this.x = x;
    this.y = y;
  }

  /**
   * Draws the noise.
   *
   * @param seed chooses the noise
   * @return the ten points
   */
  public static Sinusoid generate(long seed) {
    SplitMix64 random = new SplitMix64(seed, 0x51e0L);
    double[] x = new double[2 * KEPT_EACH_SIDE];
    double[] y = new double[x.length];
    int kept = 0;
    for (int j = 0; j < GRID; j++) {
      double fraction = (double) j / (GRID - 1);
      double position = 0.35 + 0.3 * fraction;
      double noiseStd = 1e-3 + (1 - 1e-3) * fraction;
      double value = truth(position) + noiseStd * random.nextGaussian();
      if (j < KEPT_EACH_SIDE || j >= GRID - KEPT_EACH_SIDE) {
        x[kept] = position;
        y[kept++] = value;
      }
    }
    return new Sinusoid(x, y);
  }

  /**
   * The function without noise.
   *
   * @param x where
   * @return 5 sin(10 x)
   */
  public static double truth(double x) {
    return 5 * StrictMath.sin(10 * x);
  }

  /**
   * Number of points.
   *
   * @return 10
   */
  public int count() {
    return x.length;
  }

  /**
   * Inputs in Java memory, ascending.
   *
   * @return a new array
   */
  public double[] x() {
    return x.clone();
  }

  /**
   * Targets in Java memory.
   *
   * @return a new array
   */
  public double[] y() {
    return y.clone();
  }

  /**
   * Inputs as a tensor. Owned by the current scope.
   *
   * @param dtype FLOAT32 or FLOAT64
   * @return [10, 1] on the CPU
   * @throws DTypeException when another dtype is asked for
   */
  public Tensor inputs(DType dtype) {
    return Columns.tensor("Sinusoid.inputs", x, dtype, x.length, 1);
  }

  /**
   * Targets as a tensor. Owned by the current scope.
   *
   * @param dtype FLOAT32 or FLOAT64
   * @return [10, 1] on the CPU
   * @throws DTypeException when another dtype is asked for
   */
  public Tensor targets(DType dtype) {
    return Columns.tensor("Sinusoid.targets", y, dtype, y.length, 1);
  }
}
