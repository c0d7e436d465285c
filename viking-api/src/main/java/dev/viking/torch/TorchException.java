package dev.viking.torch;

import java.io.Serial;

/**
 * libtorch refused an operation. The message is the operator, libtorch's own words, and the schema
 * and arguments of the call. Subclasses say which kind of refusal it was.
 */
public class TorchException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public TorchException(String message) {
    super(message);
  }
}
