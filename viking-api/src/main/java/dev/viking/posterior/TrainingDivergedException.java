package dev.viking.posterior;

import dev.viking.torch.VikingException;
import java.io.Serial;

/** The objective became NaN or infinite; the last checkpoint is from before. */
public class TrainingDivergedException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message where it happened and what to try
   */
  public TrainingDivergedException(String message) {
    super(message);
  }
}
