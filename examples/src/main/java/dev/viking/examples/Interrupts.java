package dev.viking.examples;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Turns SIGINT and SIGTERM into a request that the working thread notices between two steps.
 *
 * <p>The virtual machine answers these signals by running its shutdown hooks and then ending with
 * 130 or 143. The hook installed here raises the request and waits until the working thread has
 * written what it needs, which is when it closes this object.
 */
final class Interrupts implements AutoCloseable {
  private static final long LONGEST_WAIT_SECONDS = 60;

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "viking-interrupt");
  private volatile boolean requested;

  private Interrupts() {}

  /** Starts listening for signals. */
  static Interrupts listen() {
    Interrupts interrupts = new Interrupts();
    Runtime.getRuntime().addShutdownHook(interrupts.hook);
    return interrupts;
  }

  /** Whether the process shall end. */
  boolean requested() {
    return requested;
  }

  /** Leaves the work at hand when the process shall end. */
  void check() {
    if (requested) {
      throw new InterruptedRunException("interrupted");
    }
  }

  /** Tells the hook that nothing is left to write. */
  @Override
  public void close() {
    finished.countDown();
    if (!requested) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException shutdownHasBegun) {
        // The hook then finds the latch open.
      }
    }
  }

  private void stop() {
    requested = true;
    try {
      if (!finished.await(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("viking: the step did not end in time; the last checkpoint stands");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
