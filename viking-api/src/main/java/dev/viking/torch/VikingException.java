package dev.viking.torch;

import java.io.Serial;

/**
 * Root of every exception that this library itself raises. Its message names the operation and the
 * argument, what was given, and what is needed.
 */
public class VikingException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public VikingException(String message) {
    super(message);
  }
}
