package dev.viking.internal;

import dev.viking.torch.ArgumentException;

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
