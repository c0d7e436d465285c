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
 * <p>A batch that fails fails its own requests, whatever the reason, and the next one is taken.
 *
 * <p>Safe for any number of platform and virtual threads; waiting virtual threads give up their
 * carrier, and native calls happen on the batcher's own platform threads only. Does not own the
 * predictor; close the batcher first.
 */
public final class MicroBatcher implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.viking.serving");
  private static final String PREDICT = "MicroBatcher.predict";

  private final CompiledPredictor predictor;
  private final BatcherOptions options;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();
  private final Calls calls;

  /** For when there is no memory to say more. */
  private final FailedPredictionException unexplained =
      new FailedPredictionException(PREDICT + ": the prediction failed, and so did saying why");

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

  /** Predicts a batch. */
  interface Calls {
    void predict(MemorySegment inputs, int count, Prediction into);
  }

  private static final int QUEUED = 0;
  private static final int TAKEN = 1;
  private static final int ABANDONED = 2;

  private MicroBatcher(CompiledPredictor predictor, BatcherOptions options, Calls calls) {
    this.predictor = predictor;
    this.options = options;
    this.calls = calls;
    this.ring = new Request[options.queue()];
    this.workers = new Thread[options.workers()];
    for (int i = 0; i < workers.length; i++) {
      // Made here: without memory for it there is no batcher, rather than one without a worker.
      Prediction prediction = predictor.prediction(options.batch());
      workers[i] =
          Thread.ofPlatform().name("viking-batch-", i).daemon().unstarted(() -> work(prediction));
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
    return start(predictor, options, predictor::predict);
  }

  /** For tests, with something else than the predictor that predicts. */
  static MicroBatcher start(CompiledPredictor predictor, BatcherOptions options, Calls calls) {
    MicroBatcher batcher = new MicroBatcher(predictor, options, calls);
    for (Thread worker : batcher.workers) {
      worker.start();
    }
    LOG.log(System.Logger.Level.DEBUG, "batcher started: {0}", options);
    return batcher;
  }

  /**
   * Predicts for one input, within the default time.
   *
   * @param input its numbers; not to be changed before this returns
   * @param into takes the result as its input 0
   * @throws RejectedPredictionException when the queue is full, the time is over, or the batcher is
   *     closed
   * @throws ArgumentException when there are too few numbers, or too many
   * @throws dev.viking.torch.ShapeException when the storage was made for other sizes or another
   *     likelihood than the predictor's
   * @throws FailedPredictionException when an error other than the library's own kept the
   *     prediction from being made; its cause tells which
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
   * @throws ArgumentException when there are too few numbers, or too many
   * @throws dev.viking.torch.ShapeException when the storage was made for other sizes or another
   *     likelihood than the predictor's
   * @throws FailedPredictionException when an error other than the library's own kept the
   *     prediction from being made; its cause tells which
   * @throws InterruptedException when interrupted while waiting; the request is withdrawn
   */
  public void predict(float[] input, Prediction into, Duration timeout)
      throws InterruptedException {
    predictor.check(PREDICT, into);
    if (input.length != predictor.features()) {
      throw CompiledPredictor.numbers(
          PREDICT, "input", input.length, "exactly ", predictor.features());
    }
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

  private void work(Prediction prediction) {
    Request[] batch = new Request[options.batch()];
    while (true) {
      int count = take(batch);
      if (count < 0) {
        return;
      }
      if (count > 0) {
        answer(batch, count, prediction);
      }
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

  /** Finishes all requests of a batch, whatever happens. */
  private void answer(Request[] batch, int count, Prediction prediction) {
    Throwable thrown = compute(batch, count, prediction);
    RuntimeException failure = thrown == null ? null : failure(thrown);
    Error dying = thrown instanceof VirtualMachineError error && isEnd(error) ? error : null;
    if (dying != null && failure != null) {
      giveUp(failure);
    }
    for (int i = 0; i < count; i++) {
      batch[i].finish(failure);
    }
    if (thrown != null) {
      tell(count, thrown);
    }
    if (dying != null) {
      throw dying;
    }
  }

  /** Predicts and hands out the results; what came in between, if anything. */
  private @Nullable Throwable compute(Request[] batch, int count, Prediction prediction) {
    int features = predictor.features();
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
      calls.predict(prediction.inputs, count, prediction);
      batches.increment();
      for (int i = 0; i < count; i++) {
        batch[i].into.copyFrom(prediction, i, 0);
        batch[i].into.count(1);
      }
      served.add(count);
      return null;
    } catch (Throwable e) {
      // Errors too: a request that nobody finishes waits for ever.
      return e;
    }
  }

  private RuntimeException failure(Throwable thrown) {
    if (thrown instanceof VikingException own) {
      return own;
    }
    try {
      FailedPredictionException failure =
          new FailedPredictionException(PREDICT + ": the prediction failed: " + thrown);
      failure.initCause(thrown);
      return failure;
    } catch (Throwable _) {
      return unexplained;
    }
  }

  /** Whether the virtual machine is broken; one without memory or stack may go on. */
  private static boolean isEnd(VirtualMachineError error) {
    return !(error instanceof OutOfMemoryError || error instanceof StackOverflowError);
  }

  /** Takes no more requests, and fails those that wait. */
  private void giveUp(RuntimeException why) {
    lock.lock();
    try {
      closed = true;
      for (; waiting > 0; waiting--) {
        ring[first].state = TAKEN;
        ring[first].finish(why);
        first = (first + 1) % ring.length;
      }
      filled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static void tell(int count, Throwable thrown) {
    try {
      LOG.log(
          System.Logger.Level.WARNING,
          () -> "a batch failed, and with it its " + count + " requests",
          thrown);
    } catch (RuntimeException | Error _) {
      // A log that cannot be written is no reason to stop answering.
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
    boolean again;
    lock.lock();
    try {
      again = closed;
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
    if (!again) {
      LOG.log(
          System.Logger.Level.DEBUG,
          "batcher closed: {0} requests served in {1} calls",
          served.sum(),
          batches.sum());
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
