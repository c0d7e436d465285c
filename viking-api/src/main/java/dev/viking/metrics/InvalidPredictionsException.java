package dev.viking.metrics;

import dev.viking.torch.VikingException;
import java.io.Serial;

/**
 * Predictions or labels that no metric is defined for: not a number, not a distribution, or of
 * unequal sizes.
 */
public class InvalidPredictionsException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message which argument, what was given, what is needed
   */
  public InvalidPredictionsException(String message) {
    super(message);
  }
}
