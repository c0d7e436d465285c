package dev.viking.data;

import dev.viking.torch.VikingException;
import java.io.Serial;

/** A data folder lacks a file. The message lists every name that was looked for. */
public class MissingDataException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was looked for, where, and what to do
   */
  public MissingDataException(String message) {
    super(message);
  }
}
