package dev.viking.benchmarks;

import dev.viking.posterior.Predictions;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Prediction;
import dev.viking.torch.Scope;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One prediction, batch 1, 32 samples: the distribution of its latency. */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 2,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
public class LatencyBenchmark {
  private static final int SAMPLES = 32;

  /** The predictor, shared by all threads. */
  @State(org.openjdk.jmh.annotations.Scope.Benchmark)
  public static class Shared {
    /** Network. */
    @Param({"mlp", "lenet"})
    public String network = "";

    /** Threads of one prediction. */
    @Param({"1", "2"})
    public int threads;

    private @Nullable CompiledPredictor predictor;

    /** Compiles. */
    @Setup(Level.Trial)
    public void open() {
      try (Scope _ = Scope.open()) {
        predictor =
            LatencyProblem.compile(
                network, LatencyProblem.weights(network, SAMPLES), Predictions.SAMPLED, threads);
      }
    }

    /** Frees. */
    @TearDown(Level.Trial)
    public void close() {
      predictor().close();
    }

    private CompiledPredictor predictor() {
      return Objects.requireNonNull(predictor, "set up by JMH");
    }
  }

  /** What each calling thread has for itself. */
  @State(org.openjdk.jmh.annotations.Scope.Thread)
  public static class Own {
    private float[] input = {};
    private @Nullable Prediction prediction;

    /**
     * Makes the storage.
     *
     * @param shared the predictor
     */
    @Setup(Level.Trial)
    public void open(Shared shared) {
      input = new float[shared.predictor().features()];
      for (int i = 0; i < input.length; i++) {
        input[i] = (float) Math.sin(i);
      }
      prediction = shared.predictor().prediction(1);
    }
  }

  /**
   * One prediction.
   *
   * @param shared the predictor
   * @param own input and storage
   * @return the mean, so that it is used
   */
  @Benchmark
  public float predict(Shared shared, Own own) {
    Prediction prediction = Objects.requireNonNull(own.prediction, "set up by JMH");
    shared.predictor().predict(own.input, prediction);
    return prediction.mean(0, 0);
  }
}
