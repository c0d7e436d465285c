package dev.viking.torch;

import java.io.Serial;

/**
 * There is no operator with this schema name and overload. The message lists the overloads there
 * are.
 */
public class UnknownOperatorException extends TorchException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public UnknownOperatorException(String message) {
    super(message);
  }
}
