package dev.viking.torch;

import java.io.Serial;

/**
 * An argument of the call itself is wrong (its value, its kind, or the number of arguments);
 * nothing was run.
 */
public class ArgumentException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public ArgumentException(String message) {
    super(message);
  }
}
