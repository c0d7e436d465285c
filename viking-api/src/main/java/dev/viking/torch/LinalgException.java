package dev.viking.torch;

import java.io.Serial;

/** A factorisation failed: the matrix is singular, not positive definite, or did not converge. */
public class LinalgException extends TorchException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public LinalgException(String message) {
    super(message);
  }
}
