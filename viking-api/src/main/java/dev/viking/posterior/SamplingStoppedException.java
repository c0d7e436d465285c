package dev.viking.posterior;

import dev.viking.torch.VikingException;
import java.io.Serial;

/** Thrown where a listener stopped the drawing of samples by a method that returns only samples. */
public final class SamplingStoppedException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  SamplingStoppedException(String message) {
    super(message);
  }
}
