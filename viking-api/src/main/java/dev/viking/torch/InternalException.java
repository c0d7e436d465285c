package dev.viking.torch;

import java.io.Serial;

/** A defect of this library or of libtorch. Please report it with its message. */
public class InternalException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public InternalException(String message) {
    super(message);
  }
}
