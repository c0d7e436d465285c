package dev.viking.torch;

import java.io.Serial;

/**
 * A file is missing, damaged, or something else than a TorchScript module. The message names the
 * file, what it holds, and what is needed.
 */
public class MalformedModuleException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was read, what it holds, what is needed
   */
  public MalformedModuleException(String message) {
    super(message);
  }
}
