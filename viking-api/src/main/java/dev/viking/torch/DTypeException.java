package dev.viking.torch;

import java.io.Serial;

/** Element types do not fit the operation. */
public class DTypeException extends TorchException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public DTypeException(String message) {
    super(message);
  }
}
