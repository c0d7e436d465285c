package dev.viking.serving;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.VikingException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the single requests of many callers into batches, for a service: weights are read once
 * for several inputs.
 *
 * <p>Everything is bounded. At most {@code queue} requests wait; one more is rejected at once. A
 * request whose turn does not come before its deadline is rejected too, and costs no prediction.
 * Nothing waits for a batch to fill: workers take what is there.
 *
 * <p>Safe for any number of platform and virtual threads; waiting virtual threads give up their
 * carrier, and native calls happen on the batcher's own platform threads only. Does not own the
 * predictor; close the batcher first.
 */
public final class MicroBatcher implements AutoCloseable {
  private final CompiledPredictor predictor;
  private final BatcherOptions options;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();
  private final Request[] ring;
  private final Thread[] workers;
  private final LongAdder served = new LongAdder();
  private final LongAdder batches = new LongAdder();
  private final LongAdder rejectedFull = new LongAdder();
  private final LongAdder rejectedLate = new LongAdder();
  private int first;
  private int waiting;
  private boolean closed;

  /**
   * One caller's request; written under the lock, but for what the worker that took it fills in.
   */
  private static final class Request {
    private final float[] input;
    private final Prediction into;
    private final Thread caller;
    private final long deadline;
    private int state; // under the lock
    private @Nullable RuntimeException failure;
    private volatile boolean done;

    Request(float[] input, Prediction into, long deadline) {
      this.input = input;
      this.into = into;
      this.caller = Thread.currentThread();
      this.deadline = deadline;
    }

    void finish(@Nullable RuntimeException why) {
      failure = why;
      done = true;
      LockSupport.unpark(caller);
    }
  }

  private static final int QUEUED = 0;
  private static final int TAKEN = 1;
  private static final int ABANDONED = 2;

  private MicroBatcher(CompiledPredictor predictor, BatcherOptions options) {
    this.predictor = predictor;
    this.options = options;
    this.ring = new Request[options.queue()];
    this.workers = new Thread[options.workers()];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = Thread.ofPlatform().name("viking-batch-", i).daemon().unstarted(this::work);
    }
  }

  /**
   * Starts a batcher.
   *
   * @param predictor predicts; must stay open until the batcher is closed
   * @param options its bounds
   * @return the batcher, to be closed
   */
  public static MicroBatcher start(CompiledPredictor predictor, BatcherOptions options) {
    MicroBatcher batcher = new MicroBatcher(predictor, options);
    for (Thread worker : batcher.workers) {
      worker.start();
    }
    return batcher;
  }

  /**
   * Predicts for one input, within the default time.
   *
   * @param input its numbers; not to be changed before this returns
   * @param into takes the result as its input 0
   * @throws RejectedPredictionException when the queue is full, the time is over, or the batcher is
   *     closed
   * @throws ArgumentException when there are too few numbers
   * @throws InterruptedException when interrupted while waiting; the request is withdrawn
   */
  public void predict(float[] input, Prediction into) throws InterruptedException {
    predict(input, into, options.timeout());
  }

  /**
   * Predicts for one input.
   *
   * @param input its numbers; not to be changed before this returns
   * @param into takes the result as its input 0
   * @param timeout how long its turn may take to come
   * @throws RejectedPredictionException when the queue is full, the time is over, or the batcher is
   *     closed
   * @throws ArgumentException when there are too few numbers
   * @throws InterruptedException when interrupted while waiting; the request is withdrawn
   */
  public void predict(float[] input, Prediction into, Duration timeout)
      throws InterruptedException {
    into.require(1, input.length);
    Request request = new Request(input, into, System.nanoTime() + timeout.toNanos());
    enqueue(request);
    boolean interrupted = false;
    while (!request.done) {
      long left = request.deadline - System.nanoTime();
      interrupted |= Thread.interrupted();
      if ((left <= 0 || interrupted) && abandon(request)) {
        if (interrupted) {
          throw new InterruptedException("MicroBatcher.predict: interrupted while waiting");
        }
        rejectedLate.increment();
        throw late(timeout);
      }
      // Once taken, it is answered soon.
      LockSupport.parkNanos(this, Math.max(left, 1_000_000));
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (request.failure != null) {
      throw request.failure;
    }
  }

  private static RejectedPredictionException late(Duration timeout) {
    return new RejectedPredictionException(
        RejectedPredictionException.Reason.DEADLINE,
        "MicroBatcher.predict: no turn within " + timeout.toMillis() + " ms; try later");
  }

  private void enqueue(Request request) {
    lock.lock();
    try {
      if (closed) {
        throw new RejectedPredictionException(
            RejectedPredictionException.Reason.CLOSED, "MicroBatcher.predict: shutting down");
      }
      if (waiting == ring.length) {
        rejectedFull.increment();
        throw new RejectedPredictionException(
            RejectedPredictionException.Reason.QUEUE_FULL,
            "MicroBatcher.predict: "
                + waiting
                + " requests wait, which is all the room there is; try later");
      }
      ring[(first + waiting++) % ring.length] = request;
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  private boolean abandon(Request request) {
    lock.lock();
    try {
      if (request.state != QUEUED) {
        return false;
      }
      request.state = ABANDONED;
      // Its place is free at once: what waits behind it moves up.
      for (int i = 0; i < waiting; i++) {
        if (ring[(first + i) % ring.length] == request) {
          for (int j = i; j + 1 < waiting; j++) {
            ring[(first + j) % ring.length] = ring[(first + j + 1) % ring.length];
          }
          waiting--;
          break;
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void work() {
    Prediction prediction = predictor.prediction(options.batch());
    Request[] batch = new Request[options.batch()];
    while (true) {
      int count = take(batch);
      if (count < 0) {
        return;
      }
      answer(batch, count, prediction);
    }
  }

  /** Waits for requests; -1 when closed and nothing is left. */
  private int take(Request[] batch) {
    lock.lock();
    try {
      while (waiting == 0) {
        if (closed) {
          return -1;
        }
        filled.awaitUninterruptibly();
      }
      int count = 0;
      long now = System.nanoTime();
      while (waiting > 0 && count < batch.length) {
        Request request = ring[first];
        first = (first + 1) % ring.length;
        waiting--;
        if (request.deadline - now > 0) {
          request.state = TAKEN;
          batch[count++] = request;
        }
        // Otherwise it stays QUEUED in name, and its caller, who wakes up now, abandons it.
      }
      return count;
    } finally {
      lock.unlock();
    }
  }

  private void answer(Request[] batch, int count, Prediction prediction) {
    int features = predictor.features();
    RuntimeException failure = null;
    try {
      for (int i = 0; i < count; i++) {
        MemorySegment.copy(
            batch[i].input,
            0,
            prediction.inputs,
            ValueLayout.JAVA_FLOAT,
            4L * i * features,
            features);
      }
      if (count > 0) {
        predictor.predict(prediction.inputs, count, prediction);
        batches.increment();
      }
    } catch (VikingException e) {
      failure = e;
    }
    for (int i = 0; i < count; i++) {
      Request request = batch[i];
      if (failure == null) {
        request.into.copyFrom(prediction, i, 0);
        request.into.count(1);
        served.increment();
      }
      request.finish(failure);
    }
  }

  /**
   * Requests that wait now.
   *
   * @return from 0 to the size of the queue
   */
  public int waiting() {
    lock.lock();
    try {
      return waiting;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Requests answered so far.
   *
   * @return the count
   */
  public long served() {
    return served.sum();
  }

  /**
   * Native calls made so far.
   *
   * @return the count
   */
  public long batches() {
    return batches.sum();
  }

  /**
   * Requests rejected because the queue was full.
   *
   * @return the count
   */
  public long rejectedFull() {
    return rejectedFull.sum();
  }

  /**
   * Requests rejected because their time was over.
   *
   * @return the count
   */
  public long rejectedLate() {
    return rejectedLate.sum();
  }

  /** Takes no more requests, answers those that wait, and ends the workers. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      filled.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    for (Thread worker : workers) {
      while (true) {
        try {
          worker.join();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
