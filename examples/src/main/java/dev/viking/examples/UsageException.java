package dev.viking.examples;

import java.io.Serial;

/** The user asked for something that cannot be done; the message says what was given and needed. */
final class UsageException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }
}
