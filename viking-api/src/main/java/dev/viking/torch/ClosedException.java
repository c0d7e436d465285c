package dev.viking.torch;

import java.io.Serial;

/** A closed tensor, scope, pullback or generator was used. The message names the operation. */
public class ClosedException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public ClosedException(String message) {
    super(message);
  }
}
