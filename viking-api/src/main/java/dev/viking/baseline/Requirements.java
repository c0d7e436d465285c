package dev.viking.baseline;

import dev.viking.torch.ArgumentException;

/** Checks of settings; every message names the setting, what was given and what is needed. */
final class Requirements {
  private Requirements() {}

  static void atLeast(String method, String setting, long value, long least) {
    if (value < least) {
      throw new ArgumentException(
          method + ": " + setting + " is " + value + "; at least " + least + " is needed");
    }
  }

  static void within(String method, String setting, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new ArgumentException(
          method
              + ": "
              + setting
              + " is "
              + value
              + "; a number from "
              + least
              + " to "
              + most
              + " is needed");
    }
  }

  static void positive(String method, String setting, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new ArgumentException(
          method + ": " + setting + " is " + value + "; a finite number above 0 is needed");
    }
  }
}
