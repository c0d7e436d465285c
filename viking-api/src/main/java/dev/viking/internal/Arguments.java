package dev.viking.internal;

import dev.viking.torch.ArgumentException;
import java.util.Arrays;

/** Checks of numbers; every message names the argument, what was given and what is needed. */
public final class Arguments {
  private Arguments() {}

  /**
   * A whole number with a lower bound.
   *
   * @param operation who asks
   * @param argument its name there
   * @param value what was given
   * @param least the bound, itself allowed
   * @throws ArgumentException when the value is less
   */
  public static void atLeast(String operation, String argument, long value, long least) {
    if (value < least) {
      throw new ArgumentException(
          operation + ": " + argument + " is " + value + "; at least " + least + " is needed");
    }
  }

  /**
   * Sizes of parts that lie next to each other.
   *
   * @param operation who asks
   * @param argument their name there
   * @param sizes what was given
   * @param whole what they must add up to
   * @throws ArgumentException when a size is less than 1, or the sum is another
   */
  public static void parts(String operation, String argument, long[] sizes, long whole) {
    long sum = 0;
    for (long size : sizes) {
      atLeast(operation, argument, size, 1);
      sum += Math.min(size, whole + 1 - Math.min(sum, whole));
    }
    if (sum != whole) {
      throw new ArgumentException(
          operation
              + ": "
              + argument
              + " are "
              + Arrays.toString(sizes)
              + "; "
              + whole
              + " together are needed");
    }
  }

  /**
   * A number between two bounds; NaN is refused.
   *
   * @param operation who asks
   * @param argument its name there
   * @param value what was given
   * @param least the lower bound, itself allowed
   * @param most the upper bound, itself allowed
   * @throws ArgumentException when the value is outside
   */
  public static void within(
      String operation, String argument, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new ArgumentException(
          operation
              + ": "
              + argument
              + " is "
              + value
              + "; a number from "
              + least
              + " to "
              + most
              + " is needed");
    }
  }

  /**
   * A finite number above 0; NaN is refused.
   *
   * @param operation who asks
   * @param argument its name there
   * @param value what was given
   * @throws ArgumentException when the value is another
   */
  public static void positive(String operation, String argument, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new ArgumentException(
          operation + ": " + argument + " is " + value + "; a finite number above 0 is needed");
    }
  }
}
