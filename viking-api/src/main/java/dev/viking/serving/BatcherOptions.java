package dev.viking.serving;

import dev.viking.torch.ArgumentException;
import java.time.Duration;

/**
 * Bounds of a {@link MicroBatcher}.
 *
 * @param queue most requests that wait
 * @param batch most requests that are predicted together
 * @param workers platform threads that predict
 * @param timeout how long a request's turn may take to come, unless the caller says otherwise
 */
public record BatcherOptions(int queue, int batch, int workers, Duration timeout) {
  /**
   * Checks.
   *
   * @throws ArgumentException when a number is out of range
   */
  public BatcherOptions {
    if (queue < 1 || batch < 1 || workers < 1 || timeout.isNegative() || timeout.isZero()) {
      throw new ArgumentException(
          "BatcherOptions: queue "
              + queue
              + ", batch "
              + batch
              + ", workers "
              + workers
              + ", timeout "
              + timeout
              + "; all must be positive");
    }
  }

  /**
   * A queue of 256, batches of up to 12, one worker, 100 ms.
   *
   * @return the options
   */
  public static BatcherOptions defaults() {
    return new BatcherOptions(256, 12, 1, Duration.ofMillis(100));
  }
}
