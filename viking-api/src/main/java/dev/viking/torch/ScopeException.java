package dev.viking.torch;

import java.io.Serial;

/**
 * A scope was used against its rules: closed out of order, closed from another thread, or closed
 * from inside a function that runs within it.
 */
public class ScopeException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public ScopeException(String message) {
    super(message);
  }
}
