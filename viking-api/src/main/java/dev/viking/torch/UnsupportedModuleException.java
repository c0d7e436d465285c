package dev.viking.torch;

import java.io.Serial;

/**
 * A TorchScript module is no pure function of its parameters and inputs, or uses what this library
 * does not evaluate. The message names the operator, its line of source, and the reason.
 */
public class UnsupportedModuleException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message the operator, where it stands, and why it is refused
   */
  public UnsupportedModuleException(String message) {
    super(message);
  }
}
