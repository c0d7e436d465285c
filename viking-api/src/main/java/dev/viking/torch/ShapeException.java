package dev.viking.torch;

import java.io.Serial;

/** Sizes or numbers of dimensions do not fit the operation. */
public class ShapeException extends TorchException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public ShapeException(String message) {
    super(message);
  }
}
