package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.baseline.FitContext;
import dev.viking.baseline.Ivon;
import dev.viking.nn.Activation;
import dev.viking.nn.DeviceLosses;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.nn.Sgd;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.IndexException;
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

  @ParameterizedTest
  @ValueSource(longs = {0, 5000, Long.MAX_VALUE})
  void theStartOfAnEpochHasTheObjectivesMemoryLimit(long limit) {
    TrainerOptions free = TrainerOptions.exact().batchSize(10).build();
    assertThat(free.elbo().memoryLimit())
        .as("so nothing changes where none is set")
        .isEqualTo(AlternatingOptions.DEFAULT_MEMORY_BUDGET);
    TrainerOptions limited = free.toBuilder().elbo(free.elbo().withMemoryLimit(limit)).build();
    for (TrainerOptions options : List.of(free, limited)) {
      try (TrainingRun run =
          new TrainingRun(model, model, loss, options, TrainingListener.NONE, data, null, null)) {
        AlternatingOptions start = run.epochStart.options();
        assertThat(start.memoryBudget()).isEqualTo(Math.max(1, options.elbo().memoryLimit()));
        assertThat(start.blockSize()).isEqualTo(10);
        assertThat(start.cycles()).isEqualTo(options.alternatingPasses());
      }
    }
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

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aMemoryLimitChangesNothingButRounding(boolean paper) {
    TrainerOptions free = small(paper, 0.2).build();
    TrainerOptions tight = free.toBuilder().elbo(free.elbo().withMemoryLimit(0)).build();
    Tensor expected = run(free, new Recorder(-1)).posterior().variables();
    Tensor variables = run(tight, new Recorder(-1)).posterior().variables();
    assertThat(variables.sub(expected).abs().max().item()).isLessThan(1e-3);
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

  /** Every scale layout and update, a schedule, and projections by more than the minibatch. */
  @ParameterizedTest
  @CsvSource({
    "false, false, GRADIENT, GIVEN",
    "false, false, EACH_STEP, CURVATURE",
    "true, false, EACH_EPOCH, GIVEN",
    "false, true, EACH_STEP, GIVEN",
    "true, true, GRADIENT, CURVATURE"
  })
  void resumesToTheBitBeyondThePaperToo(
      boolean tied, boolean perLayer, PrecisionUpdate update, ScaleStart start) {
    TrainerOptions options =
        small(false, 0.8)
            .scales(new ScaleOptions(tied, perLayer, update, start))
            .schedule(LearningRateSchedule.COSINE)
            .projectionBatch(15)
            .build();
    Recorder whole = new Recorder(-1);
    KernelImagePosterior trained = run(options, whole).posterior();
    float[] expected = trained.variables().toFloatArray();
    assertThat(expected).doesNotContain(Float.NaN).hasSize(32 + trained.scales().variables());
    for (int stop : new int[] {4, 10, 13, 20, 27, 34}) {
      try (Scope _ = Scope.open()) {
        Recorder cut = new Recorder(stop);
        assertThat(run(options, cut).finished()).isFalse();
        assertThat(
                new VikingTrainer(model, loss, options)
                    .resume(data, cut.saved())
                    .posterior()
                    .variables()
                    .toFloatArray())
            .as("after a stop at step %s", stop)
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void empiricalBayesLeavesAlphaAtItsOptimumAndTheOptimiserAway() {
    ScaleOptions scales =
        ScaleOptions.paper().withKernelTied(false).withPrecision(PrecisionUpdate.EACH_STEP);
    Recorder recorder = new Recorder(-1);
    KernelImagePosterior trained =
        run(small(false, 0.2).scales(scales).build(), recorder).posterior();
    double image = recorder.steps.getLast().imageDimension();
    double dimension = 32;
    double spread =
        trained.mean().square().sum().item()
            + image * Math.pow(trained.scaleImage(), 2)
            + (dimension - image) * Math.pow(trained.scaleKernel(), 2);
    assertThat(trained.logPrecision().item()).isCloseTo(Math.log(dimension / spread), within(1e-5));
  }

  @Test
  void aStepProjectsByAsManyExamplesAsAsked() {
    Recorder recorder = new Recorder(-1);
    run(small(false, 0).projectionBatch(12).elboEpochs(1).build(), recorder);
    assertThat(recorder.steps.getLast().imageDimension()).isEqualTo(12);
    assertThat(recorder.steps.getLast().residual()).isBetween(0.0, 1e-3);
  }

  @Test
  void theLearningRateFallsAsItsScheduleSays() {
    assertThat(LearningRateSchedule.COSINE.factor(0)).isEqualTo(1);
    assertThat(LearningRateSchedule.COSINE.factor(0.5)).isCloseTo(0.5, within(1e-15));
    assertThat(LearningRateSchedule.COSINE.factor(1)).isCloseTo(0, within(1e-15));
    assertThat(LearningRateSchedule.LINEAR.factor(0.25)).isEqualTo(0.75);
    assertThat(LearningRateSchedule.CONSTANT.factor(0.9)).isEqualTo(1);
    // Plain gradient descent on a constant slope: the way is the sum of the learning rates.
    TrainerOptions options =
        TrainerOptions.exact()
            .batchSize(10)
            .mleEpochs(4)
            .sigmaEpochs(0)
            .elboEpochs(0)
            .optimizer(Sgd::new)
            .mleLearningRate(0.5)
            .schedule(LearningRateSchedule.COSINE)
            .build();
    Loss slope = (outputs, targets) -> outputs.select(1, 0);
    Model linear = Mlp.of(new int[] {1, 1}, Activation.TANH);
    TrainingData ones =
        TrainingData.of(Tensor.ones(DType.FLOAT32, 50, 1), Tensor.zeros(DType.INT64, 50));
    Tensor start = Tensor.zeros(DType.FLOAT32, 2);
    double expected = 0;
    for (int step = 0; step < 20; step++) {
      expected -= 0.25 * (1 + Math.cos(Math.PI * step / 20.0));
    }
    assertThat(
            new VikingTrainer(linear, slope, options)
                .train(ones, start)
                .posterior()
                .mean()
                .toDoubleArray())
        .containsExactly(new double[] {expected, expected}, within(1e-5));
  }

  @Test
  void aStateOfOtherScalesIsRefusedAndOneFromBeforeThereWereOthersIsRead() {
    Recorder recorder = new Recorder(12);
    TrainerOptions options = small(false, 0.2).build();
    run(options, recorder);
    Map<String, String> texts = new HashMap<>(recorder.saved().texts());
    texts.remove("scales");
    TrainerState old = new TrainerState(recorder.saved().tensors(), texts);
    assertThat(new VikingTrainer(model, loss, options).resume(data, old).finished()).isTrue();
    TrainerOptions free =
        small(false, 0.2).scales(ScaleOptions.paper().withKernelTied(false)).build();
    assertThatThrownBy(() -> new VikingTrainer(model, loss, free).resume(data, recorder.saved()))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("scales are \"tied\"; the options need \"free\"");
    assertThatThrownBy(
            () -> small(true, 0.2).scales(ScaleOptions.paper().withPerLayer(true)).build())
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("EXACT");
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

  /** On other devices nothing has looked at labels before. */
  @Test
  void aLabelOutOfRangeIsTheReasonGiven() {
    TrainingData broken =
        TrainingData.of(Tensor.zeros(DType.FLOAT32, 3000, 2), labels(3000, 2999, 7));
    Loss unseen = DeviceLosses.softmaxCrossEntropy();
    TrainerOptions options = small(false, 0.2).batchSize(100).build();
    assertThatThrownBy(() -> new VikingTrainer(model, unseen, options).train(broken))
        .isInstanceOf(IndexException.class)
        .hasMessageContaining("label 7");
    Ivon ivon = Ivon.of(1, 100, 0.1);
    assertThatThrownBy(() -> ivon.fit(FitContext.of(model, unseen, broken, 0)))
        .isInstanceOf(IndexException.class)
        .hasMessageContaining("label 7");
  }

  private static Tensor labels(int count, int at, long label) {
    long[] labels = new long[count];
    labels[at] = label;
    return Tensor.of(labels);
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
  static final class Recorder implements TrainingListener {
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
