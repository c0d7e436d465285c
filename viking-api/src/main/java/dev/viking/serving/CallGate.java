package dev.viking.serving;

import dev.viking.torch.ClosedException;
import java.util.concurrent.Semaphore;

/**
 * Bounds the native calls under way, first come first served. A thread in a native call keeps its
 * carrier, so virtual threads also pass a gate that leaves one carrier free.
 */
final class CallGate {
  private final int calls;
  private final Semaphore all;
  private final Semaphore virtual;
  private volatile boolean closed;

  CallGate(int calls) {
    this.calls = calls;
    this.all = new Semaphore(calls, true);
    this.virtual = new Semaphore(Math.max(1, carriers() - 1), true);
  }

  private static int carriers() {
    return Integer.getInteger(
        "jdk.virtualThreadScheduler.parallelism", Runtime.getRuntime().availableProcessors());
  }

  /** Waits for a place; what it returns goes to {@link #leave}. */
  boolean enter() {
    boolean isVirtual = Thread.currentThread().isVirtual();
    if (isVirtual) {
      virtual.acquireUninterruptibly();
    }
    all.acquireUninterruptibly();
    if (closed) {
      leave(isVirtual);
      throw new ClosedException("CompiledPredictor.predict: the predictor is closed");
    }
    return isVirtual;
  }

  void leave(boolean isVirtual) {
    all.release();
    if (isVirtual) {
      virtual.release();
    }
  }

  int waiting() {
    return all.getQueueLength() + virtual.getQueueLength();
  }

  /** Holds up all calls, for tests. */
  void hold() {
    all.acquireUninterruptibly(calls);
  }

  void letGo() {
    all.release(calls);
  }

  /** Waits until no call is under way; true for the first caller. */
  boolean close() {
    all.acquireUninterruptibly(calls);
    boolean first = !closed;
    closed = true;
    all.release(calls);
    return first;
  }
}
