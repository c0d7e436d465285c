package dev.viking.torch;

import java.io.Serial;

/**
 * The device or the host has no memory left for a tensor. Nothing was allocated and the process
 * goes on: close what is not needed, call {@link NativeMemory#emptyCache}, or take a smaller batch.
 */
public class OutOfMemoryException extends TorchException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message what was done, what was given, what is needed
   */
  public OutOfMemoryException(String message) {
    super(message);
  }
}
