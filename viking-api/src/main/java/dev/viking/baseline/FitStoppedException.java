package dev.viking.baseline;

import dev.viking.torch.VikingException;
import java.io.Serial;

/** A fit, or the drawing of samples, was stopped by its listener; nothing came of it. */
public final class FitStoppedException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was stopped
   */
  public FitStoppedException(String message) {
    super(message);
  }
}
