package dev.viking.data;

/**
 * The SplitMix64 generator (Steele, Lea, Flood 2014), written out so that seeded data is the same
 * on every JDK and machine: only integer arithmetic, square roots, and {@link StrictMath}. One
 * thread at a time.
 */
final class SplitMix64 {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;
  private double spareGaussian = Double.NaN;

  /**
   * A generator for one of many independent streams of a seed.
   *
   * @param seed the user's seed
   * @param stream which stream, for example an epoch or an image number
   */
  SplitMix64(long seed, long stream) {
    // Mixing both parts apart keeps (seed, stream) and (seed + 1, stream - 1) unrelated.
    this.state = mix(mix(seed + GOLDEN_GAMMA) ^ (stream * 0xD1B54A32D192ED03L + GOLDEN_GAMMA));
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** The next 64 random bits. */
  long nextLong() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /** Uniform in [0, 1) with 53 random bits. */
  double nextDouble() {
    return (nextLong() >>> 11) * 0x1.0p-53;
  }

  /** Uniform between two bounds. */
  double uniform(double low, double high) {
    return low + (high - low) * nextDouble();
  }

  /** Uniform in 0..bound-1 without bias. */
  int nextInt(int bound) {
    long mask = bound;
    while (true) {
      long bits = nextLong() >>> 1;
      long value = bits % mask;
      if (bits - value + (mask - 1) >= 0) {
        return (int) value;
      }
    }
  }

  /** Standard normal, by Marsaglia's polar method. */
  double nextGaussian() {
    if (!Double.isNaN(spareGaussian)) {
      double value = spareGaussian;
      spareGaussian = Double.NaN;
      return value;
    }
    while (true) {
      double u = uniform(-1, 1);
      double v = uniform(-1, 1);
      double s = u * u + v * v;
      if (s > 0 && s < 1) {
        double scale = StrictMath.sqrt(-2 * StrictMath.log(s) / s);
        spareGaussian = v * scale;
        return u * scale;
      }
    }
  }

  /** Puts the elements into a uniformly random order (Fisher and Yates). */
  void shuffle(int[] values) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = nextInt(i + 1);
      int swapped = values[i];
      values[i] = values[j];
      values[j] = swapped;
    }
  }
}
