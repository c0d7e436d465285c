package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.nn.Activation;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Training on a tiny problem: it learns, it is a function of its seed, and it resumes to the bit.
 */
@ExtendWith(LiveHandles.class)
class VikingTrainerTest {
  private final Model model = Mlp.of(new int[] {2, 6, 2}, Activation.TANH);
  private final Loss loss = Losses.softmaxCrossEntropy();
  private Scope scope;
  private TrainingData data;

  @BeforeEach
  void open() {
    scope = Scope.open();
    try (Rng rng = Rng.seeded(1)) {
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, 50, 2);
      data = TrainingData.of(inputs, inputs.prod(1, false).gt(0.0).to(DType.INT64));
    }
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void goesThroughTheThreeStagesAndLearns() {
    Recorder recorder = new Recorder(-1);
    TrainerOptions options =
        TrainerOptions.exact()
            .batchSize(10)
            .mleEpochs(60)
            .sigmaEpochs(3)
            .elboEpochs(5)
            .mleLearningRate(0.05)
            .sigmaLearningRate(0.02)
            .build();
    TrainingResult result = new VikingTrainer(model, loss, options, recorder).train(data);

    assertThat(result.finished()).isTrue();
    assertThat(recorder.steps).hasSize(68 * 5);
    StepRecord first = recorder.steps.getFirst();
    StepRecord lastMle = recorder.steps.get(299);
    assertThat(first.stage()).isEqualTo(Stage.MLE);
    assertThat(lastMle.stage()).isEqualTo(Stage.MLE);
    assertThat(lastMle.loss()).isLessThan(0.5 * first.loss());
    List<StepRecord> scales = recorder.steps.subList(300, 315);
    assertThat(scales).allMatch(r -> r.stage() == Stage.SIGMAS);
    assertThat(recorder.epochMeans.get(62))
        .as("the mean is frozen in the second stage")
        .isEqualTo(recorder.epochMeans.get(59));
    assertThat(result.pointEstimate().toFloatArray()).isEqualTo(recorder.epochMeans.get(59));
    assertThat(scales.getLast().scaleKernel()).isNotEqualTo(scales.getFirst().scaleKernel());
    StepRecord last = recorder.steps.getLast();
    assertThat(last.stage()).isEqualTo(Stage.ELBO);
    assertThat(last.imageDimension()).isBetween(1.0, 10.0);
    assertThat(last.rank() + last.imageDimension()).isEqualTo(model.layout().total());
    assertThat(last.residual()).isBetween(0.0, 1e-4);
    assertThat(last.scaleImage()).isCloseTo(result.posterior().scaleImage(), within(1e-12));
    assertThat(last.examplesPerSecond()).isPositive();
    assertThat(recorder.projections).as("blocks of alternating projections").isEqualTo(6 * 5);
    assertThat(recorder.epochMeans.get(67)).isNotEqualTo(recorder.epochMeans.get(62));
  }

  @ParameterizedTest
  @CsvSource({"false, 0.2", "true, 0.2", "false, 1"})
  void isAFunctionOfTheSeed(boolean paper, double gamma) {
    TrainerOptions options = small(paper, gamma).build();
    float[] first = run(options, new Recorder(-1)).posterior().variables().toFloatArray();
    float[] second = run(options, new Recorder(-1)).posterior().variables().toFloatArray();
    TrainerOptions other = small(paper, gamma).seed(43).build();
    float[] third = run(other, new Recorder(-1)).posterior().variables().toFloatArray();
    assertThat(second).isEqualTo(first);
    assertThat(third).isNotEqualTo(first);
  }

  /** Stops after many different steps, and goes on from there. */
  @ParameterizedTest
  @CsvSource({"false, 0.2", "true, 0.6", "false, 1"})
  void resumesToTheBit(boolean paper, double gamma) {
    TrainerOptions options = small(paper, gamma).build();
    Recorder whole = new Recorder(-1);
    float[] expected = run(options, whole).posterior().variables().toFloatArray();
    int steps = whole.steps.size();
    assertThat(steps).isEqualTo(5 * (2 + 2 + 3));
    for (int stop = 1; stop < steps; stop += 3) {
      try (Scope _ = Scope.open()) {
        Recorder cut = new Recorder(stop);
        TrainingResult interrupted = run(options, cut);
        assertThat(interrupted.finished()).isFalse();
        assertThat(cut.steps).hasSize(stop);
        Recorder rest = new Recorder(-1);
        TrainingResult resumed =
            new VikingTrainer(model, loss, options, rest).resume(data, cut.saved());
        assertThat(resumed.finished()).isTrue();
        assertThat(rest.steps).as("steps after %s", stop).hasSize(steps - stop);
        assertThat(resumed.posterior().variables().toFloatArray())
            .as("after a stop at step %s", stop)
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void goesOnLongerWhenAskedForMoreEpochs() {
    Recorder recorder = new Recorder(-1);
    run(small(false, 0.2).build(), recorder);
    TrainerOptions longer = small(false, 0.2).elboEpochs(4).build();
    Recorder rest = new Recorder(-1);
    float[] resumed =
        new VikingTrainer(model, loss, longer, rest)
            .resume(data, recorder.saved())
            .posterior()
            .variables()
            .toFloatArray();
    assertThat(rest.steps).hasSize(5);
    assertThat(resumed)
        .isEqualTo(run(longer, new Recorder(-1)).posterior().variables().toFloatArray());
  }

  @Test
  void putsAPosteriorAroundAGivenNetwork() {
    Tensor mean = Tensor.full(new long[] {model.layout().total()}, 0.1, DType.FLOAT32, dev());
    TrainerOptions options = small(false, 0.5).mleEpochs(0).elboEpochs(0).build();
    TrainingResult result = new VikingTrainer(model, loss, options).train(data, mean);
    assertThat(result.posterior().mean().toFloatArray()).containsOnly(0.1f);
    assertThat(result.pointEstimate().toFloatArray()).containsOnly(0.1f);
    assertThat(result.posterior().scaleImage()).isNotEqualTo(Math.exp(-2));
  }

  @Test
  void theMapTrainerTakesAsManyStepsAndFeelsItsPrior() {
    Recorder recorder = new Recorder(-1);
    TrainingResult plain =
        MapTrainer.asLongAs(model, loss, small(false, 0.2).build(), recorder).train(data);
    assertThat(recorder.steps).hasSize(5 * (2 + 2 + 3)).allMatch(r -> r.stage() == Stage.MLE);
    TrainingResult pulled =
        MapTrainer.asLongAs(
                model,
                loss,
                small(false, 0.2).mlePriorPrecision(1000).build(),
                TrainingListener.NONE)
            .train(data);
    assertThat(pulled.pointEstimate().norm().item())
        .isLessThan(plain.pointEstimate().norm().item());
  }

  @ParameterizedTest
  @ValueSource(strings = {"format", "seed", "batch_size", "dtype", "stage", "epoch"})
  void refusesStatesOfAnotherRun(String text) {
    Recorder recorder = new Recorder(12);
    TrainerOptions options = small(false, 0.2).build();
    run(options, recorder);
    Map<String, String> texts = new HashMap<>(recorder.saved().texts());
    texts.put(text, "other");
    TrainerState changed = new TrainerState(recorder.saved().tensors(), texts);
    assertThatThrownBy(() -> new VikingTrainer(model, loss, options).resume(data, changed))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining(text)
        .hasMessageContaining("other");
    Map<String, Tensor> tensors = new HashMap<>(recorder.saved().tensors());
    tensors.remove("kernel_samples");
    TrainerState incomplete = new TrainerState(tensors, recorder.saved().texts());
    assertThatThrownBy(() -> new VikingTrainer(model, loss, options).resume(data, incomplete))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("kernel_samples");
  }

  @Test
  void saysWhenTrainingDiverges() {
    TrainerOptions options = small(false, 0.2).mleLearningRate(1e6).mleEpochs(50).build();
    TrainingData broken =
        TrainingData.of(
            Tensor.full(new long[] {10, 2}, Double.NaN, DType.FLOAT32, dev()),
            Tensor.zeros(DType.INT64, 10));
    assertThatThrownBy(() -> new VikingTrainer(model, loss, options).train(broken))
        .isInstanceOf(TrainingDivergedException.class)
        .hasMessageContaining("MLE, epoch 0, step 0");
  }

  @Test
  void badInputIsRefused() {
    VikingTrainer trainer = new VikingTrainer(model, loss, small(false, 0.2).build());
    assertThatThrownBy(() -> trainer.train(data, Tensor.zeros(DType.FLOAT32, 3)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("[3]");
    Tensor wide = Tensor.zeros(DType.FLOAT64, model.layout().total());
    assertThatThrownBy(() -> trainer.train(data, wide)).isInstanceOf(DTypeException.class);
    assertThatThrownBy(() -> TrainerOptions.exact().gamma(2).build())
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("gamma");
    assertThatThrownBy(() -> TrainerOptions.exact().batchSize(0).build())
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("batchSize");
    assertThatThrownBy(
            () -> ElboOptions.paper().withSolver(ElboOptions.paper().solver(), RankEstimator.EXACT))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("EXACT");
    assertThatThrownBy(() -> KlWeight.absolute(-1)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(
            () ->
                TrainingData.of(
                    Tensor.zeros(DType.FLOAT32, 3, 2), Tensor.zeros(DType.FLOAT32, 2, 2)))
        .isInstanceOf(ShapeException.class);
  }

  private static Device dev() {
    return Device.CPU;
  }

  private static TrainerOptionsBuilder small(boolean paper, double gamma) {
    return (paper ? TrainerOptions.paper() : TrainerOptions.exact())
        .batchSize(10)
        .mleEpochs(2)
        .sigmaEpochs(2)
        .elboEpochs(3)
        .samples(2)
        .gamma(gamma)
        .alternatingBlock(15);
  }

  private TrainingResult run(TrainerOptions options, Recorder recorder) {
    return new VikingTrainer(model, loss, options, recorder).train(data);
  }

  /** A tensor in plain memory, as a file would hold it. */
  private static final class Saved {
    private final long[] shape;
    private final Object data;

    private Saved(long[] shape, Object data) {
      this.shape = shape;
      this.data = data;
    }

    static Saved of(Tensor tensor) {
      Object data =
          switch (tensor.dtype()) {
            case FLOAT32 -> tensor.toFloatArray();
            case UINT8 -> tensor.toByteArray();
            case INT64 -> tensor.toLongArray();
            default -> throw new AssertionError("unexpected " + tensor.dtype());
          };
      return new Saved(tensor.shape(), data);
    }

    Tensor restore() {
      return switch (data) {
        case float[] floats -> Tensor.of(floats, shape);
        case byte[] bytes -> Tensor.of(bytes, shape);
        case long[] longs -> Tensor.of(longs, shape);
        default -> throw new AssertionError();
      };
    }
  }

  /** Keeps all that it is told, and stops after a number of steps. */
  private static final class Recorder implements TrainingListener {
    private final int stopAfter;
    final List<StepRecord> steps = new ArrayList<>();
    final List<float[]> epochMeans = new ArrayList<>();
    private final Map<String, Saved> tensors = new HashMap<>();
    private Map<String, String> texts = Map.of();
    int projections;

    Recorder(int stopAfter) {
      this.stopAfter = stopAfter;
    }

    @Override
    public void onStep(StepRecord step) {
      steps.add(step);
    }

    @Override
    public void onProjection(Stage stage, int epoch, int block, int blocks, double residual) {
      projections++;
    }

    @Override
    public void onEpochEnd(Stage stage, int epoch, KernelImagePosterior posterior) {
      epochMeans.add(posterior.mean().toFloatArray());
    }

    @Override
    public void onCheckpoint(TrainerState state) {
      texts = state.texts();
      tensors.clear();
      state.tensors().forEach((name, tensor) -> tensors.put(name, Saved.of(tensor)));
    }

    @Override
    public boolean wantsStop() {
      return steps.size() == stopAfter;
    }

    TrainerState saved() {
      Map<String, Tensor> restored = new HashMap<>();
      tensors.forEach((name, saved) -> restored.put(name, saved.restore()));
      return new TrainerState(restored, texts);
    }
  }
}
