package dev.viking.torch;

import java.io.Serial;

/**
 * An operator was refused under the present combination of transforms, because libtorch's own
 * derivative rule would give a wrong result there without a word; or transforms are nested too
 * deep. The message gives the reason.
 */
public class UnsupportedTransformException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public UnsupportedTransformException(String message) {
    super(message);
  }
}
