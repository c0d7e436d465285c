package dev.viking.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.nn.TorchScriptModel;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
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
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Networks from elsewhere behind the methods of a compiled predictor. */
@ExtendWith(LiveHandles.class)
class ModelPredictorTest {
  private static final int SAMPLES = 6;
  private static final int CLASSES = 2;
  private static final PredictorOptions OPTIONS = PredictorOptions.of(Likelihood.CATEGORICAL);

  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static TorchScriptModel load(String name) {
    try {
      return TorchScriptModel.load(
          Path.of(
              Objects.requireNonNull(
                      TorchScriptModel.class.getResource("torchscript/" + name + ".pt"))
                  .toURI()));
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static KernelImagePosterior posterior(TorchScriptModel model) {
    return KernelImagePosterior.of(model.initialParameters(), 3.0, -2.5);
  }

  private static PosteriorSamples samples(TorchScriptModel model) {
    try (Rng rng = Rng.seeded(8)) {
      long d = model.layout().total();
      return new PosteriorSamples(
          Tensor.randn(rng, DType.FLOAT64, SAMPLES, d).to(model.dtype()),
          Tensor.randn(rng, DType.FLOAT64, SAMPLES, d).to(model.dtype()));
    }
  }

  private static CompiledPredictor predictor(
      TorchScriptModel model, PredictorOptions options, long... inputShape) {
    return CompiledPredictor.of(
        model, inputShape, CLASSES, posterior(model), samples(model), options);
  }

  /** Means and probabilities of each input over outputs [S, N, C], written out in Java. */
  private static void matches(Prediction got, int row, double[] outputs, int count, int input) {
    double[] mean = new double[CLASSES];
    double[] probability = new double[CLASSES];
    for (int s = 0; s < SAMPLES; s++) {
      double[] z =
          Arrays.copyOfRange(
              outputs, (s * count + input) * CLASSES, (s * count + input + 1) * CLASSES);
      double total = Arrays.stream(z).map(Math::exp).sum();
      for (int c = 0; c < CLASSES; c++) {
        mean[c] += z[c] / SAMPLES;
        probability[c] += Math.exp(z[c]) / total / SAMPLES;
      }
    }
    for (int c = 0; c < CLASSES; c++) {
      double squares = 0;
      for (int s = 0; s < SAMPLES; s++) {
        squares += Math.pow(outputs[(s * count + input) * CLASSES + c] - mean[c], 2);
      }
      assertThat((double) got.mean(row, c)).isCloseTo(mean[c], within(1e-5));
      assertThat((double) got.variance(row, c)).isCloseTo(squares / (SAMPLES - 1), within(1e-5));
      assertThat((double) got.probability(row, c)).isCloseTo(probability[c], within(1e-5));
    }
  }

  @Test
  void aModulePredictsAsItsSamplesDo() {
    try (TorchScriptModel model = load("cnn");
        CompiledPredictor predictor = predictor(model, OPTIONS, 1, 6, 6);
        Rng rng = Rng.seeded(1)) {
      assertThat(predictor.path()).isEqualTo(ExecutionPath.LIBTORCH);
      assertThat(predictor.inputShape()).containsExactly(1, 6, 6);
      assertThat(predictor.features()).isEqualTo(36);
      assertThat(predictor.outputs()).isEqualTo(CLASSES);
      assertThat(predictor.samples()).isEqualTo(SAMPLES);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, 5, 1, 6, 6);
      Prediction got = predictor.prediction(5);
      predictor.predict(inputs, got);
      double[] outputs =
          new Predictor(model, Predictions.SAMPLED)
              .predict(posterior(model), samples(model), inputs.to(DType.FLOAT64))
              .outputs()
              .contiguous()
              .toDoubleArray();
      for (int n = 0; n < 5; n++) {
        matches(got, n, outputs, 5, n);
      }
    }
  }

  @Test
  void aModuleIsServedThroughAMicroBatcher() throws Exception {
    int count = 40;
    try (TorchScriptModel model = load("mlp-float32");
        CompiledPredictor predictor = predictor(model, OPTIONS, 3);
        Rng rng = Rng.seeded(2)) {
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, count, 3);
      float[] numbers = inputs.toFloatArray();
      double[] outputs =
          new Predictor(model, Predictions.SAMPLED)
              .predict(posterior(model), samples(model), inputs)
              .outputs()
              .to(DType.FLOAT64)
              .contiguous()
              .toDoubleArray();
      BatcherOptions bounds = new BatcherOptions(100, 8, 2, Duration.ofSeconds(60));
      try (MicroBatcher batcher = MicroBatcher.start(predictor, bounds);
          ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<?>> running = new ArrayList<>();
        for (int n = 0; n < count; n++) {
          int which = n;
          running.add(
              callers.submit(
                  () -> {
                    Prediction got = predictor.prediction(1);
                    batcher.predict(Arrays.copyOfRange(numbers, 3 * which, 3 * which + 3), got);
                    matches(got, 0, outputs, count, which);
                    return null;
                  }));
        }
        for (Future<?> future : running) {
          future.get();
        }
        assertThat(batcher.served()).isEqualTo(count);
      }
    }
  }

  /** The mean's outputs, and the mean square of the tangents along the deviations. */
  @Test
  void aModuleIsLinearised() {
    try (TorchScriptModel model = load("mlp");
        CompiledPredictor predictor =
            predictor(model, OPTIONS.withKind(Predictions.LINEARISED), 3)) {
      Tensor inputs = Tensor.of(0.3, -0.8, 1.2).view(1, 3);
      Prediction got = predictor.prediction(1);
      predictor.predict(new float[] {0.3f, -0.8f, 1.2f}, got);
      double[] centre = model.apply(posterior(model).mean(), inputs).toDoubleArray();
      double[] outputs =
          new Predictor(model, Predictions.LINEARISED)
              .predict(posterior(model), samples(model), inputs)
              .outputs()
              .contiguous()
              .toDoubleArray();
      for (int c = 0; c < CLASSES; c++) {
        double squares = 0;
        for (int s = 0; s < SAMPLES; s++) {
          squares += Math.pow(outputs[s * CLASSES + c] - centre[c], 2) / SAMPLES;
        }
        assertThat((double) got.mean(0, c)).isCloseTo(centre[c], within(1e-6));
        assertThat((double) got.variance(0, c)).isCloseTo(squares, within(1e-6));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Predictions.class)
  void whatDoesNotFitIsRefusedWhenItIsMade(Predictions kind) {
    PredictorOptions options = OPTIONS.withKind(kind);
    try (TorchScriptModel model = load("mlp");
        TorchScriptModel other = load("cnn")) {
      assertThatThrownBy(() -> predictor(model, options, 4))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("does not take inputs of shape [2, 4]");
      assertThatThrownBy(() -> predictor(model, options, 0))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("inputShape is 0");
      assertThatThrownBy(
              () ->
                  CompiledPredictor.of(
                      model, new long[] {3}, 3, posterior(model), samples(model), options))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("outputs of shape [2, 2]")
          .hasMessageContaining("[2, 3] is needed");
      assertThatThrownBy(
              () ->
                  CompiledPredictor.of(
                      model, new long[] {3}, 0, posterior(model), samples(model), options))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("outputs is 0");
      assertThatThrownBy(
              () ->
                  CompiledPredictor.of(
                      model, new long[] {3}, 2, posterior(other), samples(other), options))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("the posterior has " + other.layout().total());
      assertThatThrownBy(
              () ->
                  CompiledPredictor.of(
                      model, new long[] {3}, 2, posterior(model), samples(other), options))
          .isInstanceOf(ShapeException.class);
      KernelImagePosterior narrow =
          KernelImagePosterior.of(model.initialParameters().to(DType.FLOAT32), 3.0, -2.5);
      assertThatThrownBy(
              () -> CompiledPredictor.of(model, new long[] {3}, 2, narrow, samples(model), options))
          .isInstanceOf(DTypeException.class);
    }
  }

  @Test
  void aClosedModelIsSaid() {
    TorchScriptModel model = load("mlp");
    try (CompiledPredictor predictor = predictor(model, OPTIONS, 3)) {
      model.close();
      Prediction into = predictor.prediction(1);
      assertThatThrownBy(() -> predictor.predict(new float[3], into))
          .isInstanceOf(ClosedException.class);
    }
  }
}
