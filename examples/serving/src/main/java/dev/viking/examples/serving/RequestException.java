package dev.viking.examples.serving;

import java.io.Serial;

/** A request that is answered with an error: its status and its reason. */
final class RequestException extends Exception {
  @Serial private static final long serialVersionUID = 1L;

  private final int status;

  RequestException(int status, String reason) {
    super(reason);
    this.status = status;
  }

  int status() {
    return status;
  }
}
