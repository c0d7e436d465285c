package dev.viking.serving;

import dev.viking.torch.VikingException;
import java.io.Serial;

/**
 * A prediction that something unforeseen kept from being made, such as the lack of heap memory; the
 * cause is what was thrown where it was computed. Trying again may help.
 */
public final class FailedPredictionException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  FailedPredictionException(String message) {
    super(message);
  }
}
