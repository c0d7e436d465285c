package dev.viking.serving;

import dev.viking.torch.VikingException;
import java.io.Serial;

/** A prediction that was not made because there is too much to do; the caller may try later. */
public final class RejectedPredictionException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /** Why a request was turned away. */
  public enum Reason {
    /** The queue was full. */
    QUEUE_FULL,
    /** Its turn did not come before its deadline. */
    DEADLINE,
    /** The batcher is shutting down. */
    CLOSED
  }

  /** Why it was turned away. */
  private final Reason reason;

  RejectedPredictionException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /**
   * Why it was turned away.
   *
   * @return the reason
   */
  public Reason reason() {
    return reason;
  }
}
