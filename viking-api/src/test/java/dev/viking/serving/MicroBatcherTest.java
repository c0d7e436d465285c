package dev.viking.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.viking.nn.Activation;
import dev.viking.nn.Mlp;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests through the queue: answered right, or rejected with the reason. */
@ExtendWith(LiveHandles.class)
class MicroBatcherTest {
  private Scope scope;
  private CompiledPredictor predictor;

  @BeforeEach
  void open() {
    scope = Scope.open();
    predictor = Posteriors.mlp(8).compile(PredictorOptions.of(Likelihood.REGRESSION));
  }

  @AfterEach
  void close() {
    predictor.close();
    scope.close();
  }

  private static float[] input(int which) {
    float[] input = new float[32];
    for (int i = 0; i < input.length; i++) {
      input[i] = (float) Math.cos(which * 31.0 + i);
    }
    return input;
  }

  @Test
  void everyCallerGetsItsOwnAnswer() throws Exception {
    BatcherOptions options = new BatcherOptions(1000, 12, 2, Duration.ofSeconds(60));
    try (MicroBatcher batcher = MicroBatcher.start(predictor, options);
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int n = 0; n < 300; n++) {
        int which = n;
        running.add(
            callers.submit(
                () -> {
                  Prediction got = predictor.prediction(1);
                  Prediction wanted = predictor.prediction(1);
                  batcher.predict(input(which), got);
                  predictor.predict(input(which), wanted);
                  assertThat(got.mean(0, 0)).isCloseTo(wanted.mean(0, 0), within(1e-6f));
                  assertThat(got.variance(0, 0)).isCloseTo(wanted.variance(0, 0), within(1e-6f));
                  return null;
                }));
      }
      for (Future<?> future : running) {
        future.get();
      }
      assertThat(batcher.served()).isEqualTo(300);
      assertThat(batcher.batches()).isBetween(25L, 300L);
      assertThat(batcher.waiting()).isZero();
    }
  }

  /** All native calls are held up, so that the queue's state is certain. */
  @Test
  void aFullQueueRejectsAtOnceAndDeadlinesAreKept() throws Exception {
    BatcherOptions options = new BatcherOptions(3, 1, 1, Duration.ofSeconds(60));
    CallGate gate = predictor.gate();
    gate.hold();
    MicroBatcher batcher = MicroBatcher.start(predictor, options);
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      AtomicInteger answered = new AtomicInteger();
      List<Future<?>> running = new ArrayList<>();
      for (int n = 0; n < 4; n++) {
        int place = n;
        running.add(
            callers.submit(
                () -> {
                  batcher.predict(input(0), predictor.prediction(1));
                  return answered.incrementAndGet();
                }));
        // The first is taken by the worker, the others wait.
        while (batcher.waiting() != place || (place == 0 && predictor.waiting() == 0)) {
          Thread.onSpinWait();
        }
      }
      assertThatThrownBy(() -> batcher.predict(input(0), predictor.prediction(1)))
          .isInstanceOfSatisfying(
              RejectedPredictionException.class,
              e -> assertThat(e.reason()).isEqualTo(RejectedPredictionException.Reason.QUEUE_FULL));
      assertThat(batcher.rejectedFull()).isEqualTo(1);
      gate.letGo();
      for (Future<?> future : running) {
        future.get();
      }
      assertThat(answered).hasValue(4);

      gate.hold();
      Future<?> first =
          callers.submit(
              () -> {
                batcher.predict(input(0), predictor.prediction(1));
                return null;
              });
      while (predictor.waiting() == 0) {
        Thread.onSpinWait();
      }
      assertThatThrownBy(
              () -> batcher.predict(input(0), predictor.prediction(1), Duration.ofMillis(5)))
          .isInstanceOfSatisfying(
              RejectedPredictionException.class,
              e -> assertThat(e.reason()).isEqualTo(RejectedPredictionException.Reason.DEADLINE));
      assertThat(batcher.rejectedLate()).isEqualTo(1);
      assertThat(batcher.waiting()).as("an abandoned request keeps no place").isZero();
      gate.letGo();
      first.get();
    } finally {
      batcher.close();
    }
    assertThatThrownBy(() -> batcher.predict(input(0), predictor.prediction(1)))
        .isInstanceOfSatisfying(
            RejectedPredictionException.class,
            e -> assertThat(e.reason()).isEqualTo(RejectedPredictionException.Reason.CLOSED));
  }

  /** Such a storage would have failed the worker, and with it all that waited. */
  @Test
  void aPredictionOfAnotherPredictorIsRefusedBeforeItWaits() throws Exception {
    Posteriors wide =
        Posteriors.of(Mlp.of(new int[] {32, 8, 3}, Activation.TANH), 2, DType.FLOAT32, 1);
    Posteriors narrow =
        Posteriors.of(Mlp.of(new int[] {16, 8, 1}, Activation.TANH), 2, DType.FLOAT32, 1);
    PredictorOptions regression = PredictorOptions.of(Likelihood.REGRESSION);
    try (MicroBatcher batcher = MicroBatcher.start(predictor, BatcherOptions.defaults());
        CompiledPredictor outputs = wide.compile(regression);
        CompiledPredictor features = narrow.compile(regression);
        CompiledPredictor likelihood =
            Posteriors.mlp(2).compile(PredictorOptions.of(Likelihood.CATEGORICAL))) {
      for (CompiledPredictor other : List.of(outputs, features, likelihood)) {
        Prediction foreign = other.prediction(1);
        assertTimeoutPreemptively(
            Duration.ofSeconds(20),
            () ->
                assertThatThrownBy(() -> batcher.predict(input(0), foreign))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("MicroBatcher.predict: into was made for")
                    .hasMessageContaining(
                        other.features() + " features, " + other.outputs() + " outputs and ")
                    .hasMessageContaining("32 features, 1 outputs and REGRESSION"));
      }
      // More room than for one input is no fault.
      Prediction roomy = predictor.prediction(3);
      batcher.predict(input(0), roomy);
      assertThat(roomy.count()).isEqualTo(1);
      assertThat(batcher.served()).isEqualTo(1);
    }
  }

  private static Prediction predictWithin20Seconds(MicroBatcher batcher, Prediction into) {
    assertTimeoutPreemptively(Duration.ofSeconds(20), () -> batcher.predict(input(0), into));
    return into;
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        IllegalStateException.class,
        AssertionError.class,
        OutOfMemoryError.class,
        StackOverflowError.class
      })
  void whateverABatchThrowsFailsItsRequestsOnly(Class<? extends Throwable> kind) throws Exception {
    Throwable thrown = kind.getConstructor().newInstance();
    AtomicInteger calls = new AtomicInteger();
    MicroBatcher.Calls second =
        (inputs, count, into) -> {
          if (calls.getAndIncrement() == 0) {
            sneak(thrown);
          }
          predictor.predict(inputs, count, into);
        };
    List<LogRecord> logged = Collections.synchronizedList(new ArrayList<>());
    Logger logger = Logger.getLogger("dev.viking.serving");
    Handler handler = recorder(logged);
    Level before = logger.getLevel();
    logger.setLevel(Level.FINE);
    logger.addHandler(handler);
    try {
      BatcherOptions options = new BatcherOptions(4, 2, 1, Duration.ofSeconds(60));
      try (MicroBatcher batcher = MicroBatcher.start(predictor, options, second)) {
        Prediction into = predictor.prediction(1);
        assertThatThrownBy(() -> predictWithin20Seconds(batcher, into))
            .isInstanceOf(FailedPredictionException.class)
            .hasMessageContaining("MicroBatcher.predict")
            .hasMessageContaining(kind.getName())
            .hasCause(thrown);
        Prediction wanted = predictor.prediction(1);
        predictor.predict(input(0), wanted);
        assertThat(predictWithin20Seconds(batcher, into).mean(0, 0)).isEqualTo(wanted.mean(0, 0));
        assertThat(batcher.served()).isEqualTo(1);
      }
    } finally {
      logger.removeHandler(handler);
      logger.setLevel(before);
    }
    assertThat(logged)
        .extracting(LogRecord::getLevel)
        .containsExactly(Level.FINE, Level.WARNING, Level.FINE);
    assertThat(logged.get(0).getMessage()).contains("batcher started");
    assertThat(logged.get(1).getMessage()).contains("1 requests");
    assertThat(logged.get(1).getThrown()).isSameAs(thrown);
    assertThat(logged.get(2).getMessage()).contains("batcher closed");
  }

  /** Nothing is promised of a broken virtual machine, but that nobody waits for it. */
  @Test
  void aBrokenVirtualMachineEndsTheBatcher() throws Exception {
    CountDownLatch queued = new CountDownLatch(1);
    MicroBatcher.Calls broken =
        (inputs, count, into) -> {
          try {
            queued.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          throw new InternalError("made up by a test");
        };
    BatcherOptions options = new BatcherOptions(4, 1, 1, Duration.ofSeconds(60));
    MicroBatcher batcher = MicroBatcher.start(predictor, options, broken);
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int n = 0; n < 3; n++) {
        running.add(
            callers.submit(
                () -> {
                  batcher.predict(input(0), predictor.prediction(1));
                  return null;
                }));
      }
      // One of them is with the worker.
      while (batcher.waiting() < 2) {
        Thread.sleep(1);
      }
      queued.countDown();
      for (Future<?> future : running) {
        assertThatThrownBy(() -> future.get(20, TimeUnit.SECONDS))
            .hasCauseInstanceOf(FailedPredictionException.class)
            .hasRootCauseInstanceOf(InternalError.class);
      }
      assertThatThrownBy(() -> batcher.predict(input(0), predictor.prediction(1)))
          .isInstanceOfSatisfying(
              RejectedPredictionException.class,
              e -> assertThat(e.reason()).isEqualTo(RejectedPredictionException.Reason.CLOSED));
    } finally {
      batcher.close();
    }
  }

  private static Handler recorder(List<LogRecord> into) {
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            // The predictors of other tests log here too.
            if (String.valueOf(entry.getMessage()).contains("batch")) {
              into.add(entry);
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    handler.setLevel(Level.ALL);
    return handler;
  }

  @SuppressWarnings("unchecked") // the compiler takes T for unchecked
  private static <T extends Throwable> void sneak(Throwable thrown) throws T {
    throw (T) thrown;
  }

  @Test
  void refusesWrongArguments() throws Exception {
    try (MicroBatcher batcher = MicroBatcher.start(predictor, BatcherOptions.defaults())) {
      for (int length : new int[] {3, 33}) {
        assertThatThrownBy(() -> batcher.predict(new float[length], predictor.prediction(1)))
            .isInstanceOf(ArgumentException.class)
            .hasMessageContaining("MicroBatcher.predict: input has " + length + " numbers")
            .hasMessageContaining("32 are needed");
      }
    }
    assertThatThrownBy(() -> new BatcherOptions(0, 1, 1, Duration.ofMillis(1)))
        .isInstanceOf(ArgumentException.class);
  }
}
