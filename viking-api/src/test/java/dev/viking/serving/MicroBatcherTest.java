package dev.viking.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

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

  @Test
  void refusesWrongArguments() throws Exception {
    try (MicroBatcher batcher = MicroBatcher.start(predictor, BatcherOptions.defaults())) {
      assertThatThrownBy(() -> batcher.predict(new float[3], predictor.prediction(1)))
          .isInstanceOf(ArgumentException.class);
    }
    assertThatThrownBy(() -> new BatcherOptions(0, 1, 1, Duration.ofMillis(1)))
        .isInstanceOf(ArgumentException.class);
  }
}
