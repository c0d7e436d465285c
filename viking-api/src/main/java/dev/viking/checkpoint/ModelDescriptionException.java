package dev.viking.checkpoint;

import dev.viking.torch.VikingException;
import java.io.Serial;

/**
 * A model cannot be described, or a description is of no model that this version of the library
 * knows. The message says where, what was given and what is needed.
 */
public class ModelDescriptionException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message where, what was given, what is needed
   */
  public ModelDescriptionException(String message) {
    super(message);
  }
}
