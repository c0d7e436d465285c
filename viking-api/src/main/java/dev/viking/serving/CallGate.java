package dev.viking.serving;

import dev.viking.torch.ClosedException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Bounds the native calls under way, first come first served, and allocates nothing for those who
 * wait near the head of the line.
 *
 * <p>Those next in turn, as many as there are places, stay awake; those behind them sleep, and are
 * woken when they come near. Handing a place to a sleeper costs more than a small network: with
 * four callers on two processors a plain fair semaphore made a third of the predictions, because
 * the woken thread was put behind a busy one and stayed there to the end of a time slice. The awake
 * ones give their processor away again and again, so that whoever computes on it loses
 * microseconds, not a time slice, when the kernel takes turns. Letting whoever runs go first is
 * faster still and starves the others for hundreds of milliseconds; hence tickets. Only sleepers
 * that are woken at about the same time may change places.
 *
 * <p>A thread in a native call keeps its carrier, so virtual threads sleep while they wait, and of
 * all that are in calls, of whichever gate, there are so few that one carrier stays free. They take
 * one of these places last, when it is their turn: whoever has one computes, and gives it back
 * soon. So a gate that is held up holds up no other.
 */
final class CallGate {
  /** How long the next in turn stay awake. Where calls take longer, waking up is a small part. */
  private static final long AWAKE_NANOS = 2_000_000;

  private static final long SHORTEST_SLEEP_NANOS = 50_000;

  /** Carriers that calls of virtual threads may keep, in the whole JVM: all but one. */
  private static final int CARRIERS = Math.max(1, carriers() - 1);

  private static final Semaphore CARRIERS_LEFT = new Semaphore(CARRIERS, true);

  private final int calls;

  /** Most of those in a call and next in turn together. */
  private final int near;

  private final Semaphore line;

  /** Keeps some of the line for platform threads, which need none of the carriers. */
  private final Semaphore virtual;

  private final AtomicInteger withoutCarrier = new AtomicInteger();
  private final AtomicLong tickets = new AtomicLong();
  private final AtomicLong finished = new AtomicLong();
  private volatile boolean closed;

  CallGate(int calls) {
    this.calls = calls;
    this.near = (int) Math.min(Integer.MAX_VALUE, 2L * calls);
    this.line = new Semaphore(near, true);
    this.virtual = new Semaphore(CARRIERS, true);
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
    line.acquireUninterruptibly();
    long ticket = tickets.getAndIncrement();
    if (!isTurn(ticket)) {
      await(ticket, isVirtual);
    }
    if (closed) {
      giveUpPlace(isVirtual);
      throw new ClosedException("CompiledPredictor.predict: the predictor is closed");
    }
    // Trying first would overtake those that wait, at other gates too.
    if (isVirtual && (CARRIERS_LEFT.hasQueuedThreads() || !CARRIERS_LEFT.tryAcquire())) {
      withoutCarrier.getAndIncrement();
      CARRIERS_LEFT.acquireUninterruptibly();
      withoutCarrier.getAndDecrement();
    }
    return isVirtual;
  }

  private boolean isTurn(long ticket) {
    return ticket - finished.get() < calls;
  }

  @SuppressWarnings(
      "ThreadPriorityCheck") // speed rests on the scheduler here, correctness does not
  private void await(long ticket, boolean isVirtual) {
    long start = System.nanoTime();
    boolean interrupted = false;
    do {
      long waited = System.nanoTime() - start;
      if (!isVirtual && waited < AWAKE_NANOS) {
        Thread.yield();
      } else {
        // Nobody wakes this one: it looks again after a small part of what it waited already.
        LockSupport.parkNanos(this, Math.max(SHORTEST_SLEEP_NANOS, waited / 16));
        interrupted |= Thread.interrupted();
      }
    } while (!isTurn(ticket));
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  void leave(boolean isVirtual) {
    if (isVirtual) {
      CARRIERS_LEFT.release();
    }
    giveUpPlace(isVirtual);
  }

  private void giveUpPlace(boolean isVirtual) {
    finished.getAndIncrement();
    line.release();
    if (isVirtual) {
      virtual.release();
    }
  }

  int waiting() {
    return line.getQueueLength()
        + virtual.getQueueLength()
        + Math.max(0, near() - calls)
        + withoutCarrier.get();
  }

  /** Those in a call and those next in turn. */
  int near() {
    return (int) (tickets.get() - finished.get());
  }

  /** Holds up all calls, for tests. */
  void hold() {
    line.acquireUninterruptibly(near);
  }

  void letGo() {
    line.release(near);
  }

  /** Waits until no call is under way; true for the first caller. */
  boolean close() {
    line.acquireUninterruptibly(near);
    boolean first = !closed;
    closed = true;
    line.release(near);
    return first;
  }
}
