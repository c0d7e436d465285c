package dev.viking.torch;

import java.io.Serial;

/**
 * A tensor or pullback made inside a transformed function was used after the function returned, on
 * another thread, or outside the transform it belongs to. Return it as an output instead.
 */
public class EscapedTensorException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public EscapedTensorException(String message) {
    super(message);
  }
}
