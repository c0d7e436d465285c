package dev.viking.torch;

import java.io.Serial;

/** libtorch has no kernel or no derivative for this operator with these arguments. */
public class NotImplementedOperatorException extends TorchException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public NotImplementedOperatorException(String message) {
    super(message);
  }
}
