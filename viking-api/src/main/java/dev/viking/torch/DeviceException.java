package dev.viking.torch;

import java.io.Serial;

/** Devices of the arguments do not fit, or the device asked for is not there. */
public class DeviceException extends TorchException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public DeviceException(String message) {
    super(message);
  }
}
