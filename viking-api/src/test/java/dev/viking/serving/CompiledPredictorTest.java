package dev.viking.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.nn.Activation;
import dev.viking.nn.AvgPool2d;
import dev.viking.nn.BatchNorm2d;
import dev.viking.nn.ChannelStatistics;
import dev.viking.nn.Conv2d;
import dev.viking.nn.Flatten;
import dev.viking.nn.GlobalAvgPool2d;
import dev.viking.nn.GroupNorm;
import dev.viking.nn.LayerNorm;
import dev.viking.nn.LeNet;
import dev.viking.nn.Linear;
import dev.viking.nn.MaxPool2d;
import dev.viking.nn.Mlp;
import dev.viking.nn.ResNet;
import dev.viking.nn.Residual;
import dev.viking.nn.RmsNorm;
import dev.viking.nn.Sequential;
import dev.viking.nn.Window;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The native loops against libtorch in float64, sample by sample. */
@ExtendWith(LiveHandles.class)
class CompiledPredictorTest {
  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** Networks that take every road through the native code. */
  static Stream<Sequential> networks() {
    return Stream.of(
        Mlp.of(new int[] {32, 64, 64, 1}, Activation.TANH),
        Mlp.of(new int[] {3, 7, 10}, Activation.GELU_TANH),
        Mlp.of(new int[] {5, 130, 40, 3}, Activation.SILU),
        Mlp.of(new int[] {1, 1}, Activation.RELU),
        LeNet.paper(),
        // Direct convolution with an odd number of half tiles; 7 and 13 channels leave blocks of 1.
        Sequential.of(
            new long[] {2, 5, 10},
            List.of(
                new Conv2d("a", 2, 7, 3),
                Activation.RELU,
                new Conv2d("b", 7, 13, 2, 1, 1),
                Activation.GELU_TANH,
                Activation.TANH,
                new AvgPool2d(2, 1),
                new Flatten(),
                new Linear("c", 13 * 3 * 8, 5))),
        // No biases; an output as narrow as a dot product's.
        Sequential.of(
            new long[] {1, 6, 6},
            List.of(
                new Conv2d("a", 1, 8, Window.of(3).padding(1), 1, false),
                Activation.TANH,
                new Flatten(),
                new Linear("b", 288, 20, false),
                Activation.RELU,
                new Linear("c", 20, 3, false))),
        // Strides, padding, overlapping pools, an activation first, a flattening of padded rows.
        Sequential.of(
            new long[] {3, 9, 7},
            List.of(
                Activation.SILU,
                new Conv2d("a", 3, 4, 3, 2, 1),
                new MaxPool2d(2, 1),
                Activation.TANH,
                new Conv2d("b", 4, 5, 2, 1, 0),
                new Flatten(),
                Activation.RELU,
                new Linear("c", 5 * 3 * 2, 4))),
        residual(),
        // Norms of vectors, and a residual connection among them.
        Sequential.of(
            new long[] {6},
            List.of(
                new Linear("a", 6, 9),
                new LayerNorm("b", 9),
                Activation.GELU_TANH,
                new Residual(List.of(new RmsNorm("c", 9), new Linear("d", 9, 9), Activation.SILU)),
                new Linear("e", 9, 3))));
  }

  /** Batch norms behind convolutions and alone, padding on some sides only, blocks in blocks. */
  private static Sequential residual() {
    return Sequential.of(
        new long[] {2, 8, 8},
        List.of(
            norm("n0", 2),
            new Conv2d("c1", 2, 5, Window.of(3).padding(1)).withoutBias(),
            norm("n1", 5),
            Activation.RELU,
            new Residual(
                List.of(
                    new Conv2d("c2", 5, 6, Window.of(3).stride(2).same(8, 8)),
                    norm("n2", 6),
                    Activation.TANH,
                    new Residual(List.of(Activation.SILU, new GroupNorm("g", 3, 6))),
                    new Conv2d("c3", 6, 6, Window.of(2, 3).padding(1, 0, 1, 1))),
                List.of(new Conv2d("c4", 5, 6, Window.of(1).stride(2)))),
            Activation.RELU,
            new Conv2d("c5", 6, 4, 2),
            new GlobalAvgPool2d(),
            new Linear("fc", 4, 3)));
  }

  private static BatchNorm2d norm(String name, int channels) {
    double[] mean = new double[channels];
    double[] variance = new double[channels];
    for (int c = 0; c < channels; c++) {
      mean[c] = 0.3 * c - 0.5;
      variance[c] = 0.4 + 0.3 * c;
    }
    return new BatchNorm2d(name, channels).withStatistics(new ChannelStatistics(mean, variance));
  }

  @ParameterizedTest
  @EnumSource(Predictions.class)
  void theResidualNetworkOfThePaperIsCompiled(Predictions kind) {
    // What is compiled has been compared with libtorch on the spot, and would be dropped otherwise.
    try (CompiledPredictor predictor =
        Posteriors.of(ResNet.cifar20(), 2, DType.FLOAT32, 1)
            .compile(PredictorOptions.of(Likelihood.CATEGORICAL).withKind(kind))) {
      assertThat(predictor.path()).isEqualTo(ExecutionPath.COMPILED);
      assertThat(predictor.describe()).contains("sum", "mean");
    }
  }

  @ParameterizedTest
  @MethodSource("networks")
  void agreesWithLibtorchInDoublePrecision(Sequential model) {
    for (int samples : new int[] {1, 5, 33}) {
      for (int threads : new int[] {1, 3}) {
        for (int count : new int[] {1, 4, 15}) {
          agree(model, samples, threads, count, Likelihood.CATEGORICAL, Predictions.SAMPLED);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("networks")
  void linearisedPredictionsAgreeWithLibtorchInDoublePrecision(Sequential model) {
    for (int samples : new int[] {1, 5, 33}) {
      for (int threads : new int[] {1, 3}) {
        for (int count : new int[] {1, 4, 15}) {
          agree(model, samples, threads, count, Likelihood.CATEGORICAL, Predictions.LINEARISED);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Likelihood.class)
  void likelihoodsDecideTheStatistics(Likelihood likelihood) {
    Sequential model = Mlp.of(new int[] {3, 20, 4}, Activation.TANH);
    agree(model, 32, 1, 7, likelihood, Predictions.SAMPLED);
    agree(model, 32, 1, 7, likelihood, Predictions.LINEARISED);
  }

  private void agree(
      Sequential model,
      int samples,
      int threads,
      int count,
      Likelihood likelihood,
      Predictions kind) {
    Posteriors exact = Posteriors.of(model, samples, DType.FLOAT64, 11);
    PredictorOptions options = PredictorOptions.of(likelihood).withThreads(threads).withKind(kind);
    try (Scope _ = Scope.open();
        CompiledPredictor predictor = exact.compile(options);
        Rng rng = Rng.seeded(5)) {
      assertThat(predictor.path()).isEqualTo(ExecutionPath.COMPILED);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, shape(model, count));
      Prediction got = predictor.prediction(count);
      predictor.predict(inputs.toFloatArray(), count, got);
      matches(got, exact, kind, inputs, 2e-5);
    }
  }

  private static long[] shape(Sequential model, int count) {
    long[] shape = new long[model.inputShape().length + 1];
    shape[0] = count;
    System.arraycopy(model.inputShape(), 0, shape, 1, shape.length - 1);
    return shape;
  }

  /** Compares with definitions written out in Java over the samples' outputs in float64. */
  private static void matches(
      Prediction got, Posteriors exact, Predictions kind, Tensor inputs, double tolerance) {
    PredictiveSamples reference =
        new Predictor(exact.model(), kind)
            .predict(exact.posterior(), exact.samples(), inputs.to(DType.FLOAT64));
    double[] outputs = reference.outputs().contiguous().toDoubleArray();
    int classes = got.outputs();
    int count = got.count();
    int samples = outputs.length / (count * classes);
    boolean linearised = kind == Predictions.LINEARISED;
    double[] centre =
        exact
            .model()
            .apply(exact.posterior().mean(), inputs.to(DType.FLOAT64))
            .contiguous()
            .toDoubleArray();
    assertThat(count).isEqualTo((int) inputs.size(0));
    for (int n = 0; n < count; n++) {
      double[] mean = new double[classes];
      double[] probability = new double[classes];
      double within = 0;
      for (int s = 0; s < samples; s++) {
        double[] row =
            Arrays.copyOfRange(outputs, (s * count + n) * classes, (s * count + n + 1) * classes);
        double[] p = probabilities(row, got.likelihood());
        for (int c = 0; c < classes; c++) {
          mean[c] += row[c] / samples;
          probability[c] += p[c] / samples;
        }
        within += entropy(p, got.likelihood()) / samples;
      }
      for (int c = 0; c < classes; c++) {
        mean[c] = linearised ? centre[n * classes + c] : mean[c];
        double squares = 0;
        for (int s = 0; s < samples; s++) {
          squares += Math.pow(outputs[(s * count + n) * classes + c] - mean[c], 2);
        }
        double variance = samples == 1 ? 0 : squares / (samples - 1);
        variance = linearised ? squares / samples : variance;
        assertThat((double) got.mean(n, c)).isCloseTo(mean[c], close(mean[c], tolerance));
        assertThat((double) got.variance(n, c)).isCloseTo(variance, close(variance, tolerance));
        if (got.likelihood().hasProbabilities()) {
          assertThat((double) got.probability(n, c)).isCloseTo(probability[c], within(tolerance));
        }
      }
      if (got.likelihood().hasProbabilities()) {
        double entropy = entropy(probability, got.likelihood());
        assertThat((double) got.entropy(n)).isCloseTo(entropy, close(entropy, tolerance));
        assertThat((double) got.mutualInformation(n))
            .isCloseTo(entropy - within, within(tolerance));
      }
    }
  }

  private static org.assertj.core.data.Offset<Double> close(double value, double tolerance) {
    return within(tolerance * (1 + Math.abs(value)));
  }

  private static double[] probabilities(double[] logits, Likelihood likelihood) {
    if (likelihood == Likelihood.BERNOULLI) {
      return Arrays.stream(logits).map(z -> 1 / (1 + Math.exp(-z))).toArray();
    }
    double total = Arrays.stream(logits).map(Math::exp).sum();
    return Arrays.stream(logits).map(z -> Math.exp(z) / total).toArray();
  }

  private static double entropy(double[] p, Likelihood likelihood) {
    double entropy = 0;
    for (double x : p) {
      entropy -= x * Math.log(x);
      if (likelihood == Likelihood.BERNOULLI) {
        entropy -= (1 - x) * Math.log(1 - x);
      }
    }
    return entropy;
  }

  @Test
  void extremeOutputsStayFinite() {
    Sequential model = Sequential.of(new long[] {1}, List.of(new Linear("a", 1, 3)));
    try (CompiledPredictor predictor =
        Posteriors.of(model, 2, DType.FLOAT32, 1)
            .compile(PredictorOptions.of(Likelihood.CATEGORICAL))) {
      Prediction got = predictor.prediction(2);
      predictor.predict(new float[] {1e6f, Float.NaN}, 2, got);
      float sum = got.probability(0, 0) + got.probability(0, 1) + got.probability(0, 2);
      assertThat(sum).isCloseTo(1, within(1e-6f));
      assertThat(got.entropy(0)).isBetween(0f, 0.7f);
      assertThat(got.mutualInformation(0)).isBetween(0f, 0.7f);
      assertThat(got.mean(1, 0)).isNaN();
      assertThat(got.probability(1, 0)).isNaN();
      assertThat(got.entropy(1)).isNaN();
    }
  }

  @ParameterizedTest
  @EnumSource(Predictions.class)
  void whatTheLoopsDoNotKnowTakesLibtorch(Predictions kind) {
    Sequential model =
        Sequential.of(
            new long[] {3},
            List.of(new Linear("a", 3, 6), Activation.SIGMOID, new Linear("b", 6, 2)));
    Posteriors exact = Posteriors.of(model, 8, DType.FLOAT64, 2);
    PredictorOptions options = PredictorOptions.of(Likelihood.CATEGORICAL).withKind(kind);
    try (CompiledPredictor predictor = exact.compile(options);
        Rng rng = Rng.seeded(1)) {
      assertThat(predictor.path()).isEqualTo(ExecutionPath.LIBTORCH);
      assertThat(predictor.describe()).contains("libtorch");
      // More inputs than go through libtorch at once.
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, 503, 3);
      Prediction got = predictor.prediction(503);
      predictor.predict(inputs, got);
      matches(got, exact, kind, inputs, 1e-6);
    }
  }

  @Test
  void everyFormOfInputGivesTheSame() {
    try (CompiledPredictor predictor =
            Posteriors.mlp(8).compile(PredictorOptions.of(Likelihood.REGRESSION));
        Rng rng = Rng.seeded(1);
        Arena arena = Arena.ofConfined()) {
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, 3, 32);
      float[] numbers = inputs.toFloatArray();
      Prediction a = predictor.prediction(3);
      Prediction b = predictor.prediction(5);
      predictor.predict(numbers, 3, a);
      List<MemorySegment> segments =
          List.of(
              MemorySegment.ofArray(numbers), arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers));
      for (MemorySegment segment : segments) {
        predictor.predict(segment, 3, b);
        assertThat(b.mean(2, 0)).isEqualTo(a.mean(2, 0));
      }
      predictor.predict(inputs.to(DType.FLOAT64), b);
      assertThat(b.variance(1, 0)).isEqualTo(a.variance(1, 0));
      assertThat(b.count()).isEqualTo(3);
    }
  }

  @Test
  void allocatesNothingOnTheHeap() {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    try (CompiledPredictor predictor =
        Posteriors.mlp(4).compile(PredictorOptions.of(Likelihood.REGRESSION))) {
      Prediction into = predictor.prediction(1);
      float[] input = new float[32];
      long self = Thread.currentThread().threadId();
      long bytes = -1;
      // The JIT compiles in the background: a round without garbage comes when it is done.
      for (int round = 0; round < 100 && bytes != 0; round++) {
        long before = threads.getThreadAllocatedBytes(self);
        for (int i = 0; i < 2_000; i++) {
          predictor.predict(input, into);
        }
        bytes = threads.getThreadAllocatedBytes(self) - before;
      }
      assertThat(bytes).as("bytes in the last 2,000 predictions").isZero();
    }
  }

  @Test
  void threadsOfBothKindsShareOnePredictor() throws Exception {
    try (CompiledPredictor predictor =
            Posteriors.mlp(16).compile(PredictorOptions.of(Likelihood.REGRESSION).withThreads(2));
        ExecutorService platform = Executors.newFixedThreadPool(4);
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      Prediction reference = predictor.prediction(50);
      float[] numbers = new float[50 * 32];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = (float) Math.sin(i);
      }
      predictor.predict(numbers, 50, reference);
      List<Future<?>> running = new ArrayList<>();
      for (int n = 0; n < 50; n++) {
        int which = n;
        Callable<Void> task =
            () -> {
              float[] own = Arrays.copyOfRange(numbers, 32 * which, 32 * which + 32);
              Prediction into = predictor.prediction(1);
              for (int i = 0; i < 200; i++) {
                predictor.predict(own, into);
                assertThat(into.mean(0, 0)).isCloseTo(reference.mean(which, 0), within(1e-6f));
              }
              return null;
            };
        running.add((n % 2 == 0 ? platform : virtual).submit(task));
      }
      for (Future<?> future : running) {
        future.get();
      }
      assertThat(predictor.waiting()).isZero();
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    CompiledPredictor predictor =
        Posteriors.mlp(2).compile(PredictorOptions.of(Likelihood.REGRESSION));
    Prediction into = predictor.prediction(2);
    for (int length : new int[] {31, 33, 64}) {
      assertThatThrownBy(() -> predictor.predict(new float[length], into))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("has " + length + " numbers")
          .hasMessageContaining("32 are needed");
    }
    assertThatThrownBy(() -> predictor.predict(new float[65], 2, into))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("has 65 numbers")
        .hasMessageContaining("64 are needed");
    assertThatThrownBy(() -> predictor.predict(new float[96], 3, into))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> predictor.predict(Tensor.zeros(DType.FLOAT32, 2, 31), into))
        .isInstanceOf(ShapeException.class);
    for (DType dtype : List.of(DType.INT64, DType.BOOL, DType.COMPLEX64)) {
      assertThatThrownBy(() -> predictor.predict(Tensor.zeros(dtype, 2, 32), into))
          .isInstanceOf(DTypeException.class)
          .hasMessageContaining(dtype.toString())
          .hasMessageContaining("FLOAT32");
    }
    assertThatThrownBy(() -> into.mean(0, 0)).isInstanceOf(ArgumentException.class);
    predictor.predict(new float[32], into);
    assertThatThrownBy(() -> into.probability(0, 0))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("regression");
    try (CompiledPredictor other =
        Posteriors.mlp(2).compile(PredictorOptions.of(Likelihood.CATEGORICAL))) {
      assertThatThrownBy(() -> other.predict(new float[32], into))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("into was made for 32 features, 1 outputs and REGRESSION")
          .hasMessageContaining("1 outputs and CATEGORICAL");
    }
    predictor.close();
    predictor.close();
    assertThatThrownBy(() -> predictor.predict(new float[32], into))
        .isInstanceOf(ClosedException.class);
    assertThatThrownBy(
            () ->
                Posteriors.mlp(2)
                    .compile(
                        PredictorOptions.of(Likelihood.REGRESSION)
                            .withThreads(2)
                            .withCpus(List.of(100_000))))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("100000");
    assertThatThrownBy(() -> PredictorOptions.of(Likelihood.REGRESSION).withThreads(0))
        .isInstanceOf(ArgumentException.class);
  }
}
