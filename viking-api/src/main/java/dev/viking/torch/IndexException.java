package dev.viking.torch;

import java.io.Serial;

/** An index or a dimension is out of range. */
public class IndexException extends TorchException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public IndexException(String message) {
    super(message);
  }
}
