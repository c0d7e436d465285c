package dev.viking.baseline;

import java.util.SplittableRandom;

/** Seeds for the parts of one run, far apart from each other and from those of other seeds. */
public final class Seeds {
  private Seeds() {}

  /**
   * The seed of a part.
   *
   * @param seed of the whole
   * @param part its number
   * @return a seed
   */
  public static long derive(long seed, long part) {
    // Two rounds of splitting keep neighbouring seeds and parts apart.
    long whole = new SplittableRandom(seed).nextLong();
    return new SplittableRandom(whole + 0x9E3779B97F4A7C15L * (part + 1)).nextLong();
  }
}
