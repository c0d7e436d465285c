package dev.viking.examples;

import java.io.Serial;

/** The user or the system asked the process to end; what was reached is on disk. */
final class InterruptedRunException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  InterruptedRunException(String message) {
    super(message);
  }
}
