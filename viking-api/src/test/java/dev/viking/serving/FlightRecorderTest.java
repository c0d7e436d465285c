package dev.viking.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.func.Func;
import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.KernelProjection;
import dev.viking.linalg.Lsmr;
import dev.viking.linalg.Projection;
import dev.viking.nn.Activation;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingData;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording says of the library's work. */
@ExtendWith(LiveHandles.class)
class FlightRecorderTest {
  @TempDir private Path folder;

  private interface Work {
    void run();
  }

  private List<RecordedEvent> record(String event, Work work) throws Exception {
    Path file = folder.resolve("recording.jfr");
    try (Recording recording = new Recording();
        Scope _ = Scope.open()) {
      recording.enable(event).withThreshold(Duration.ZERO).with("period", "everyChunk");
      recording.start();
      work.run();
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events =
        RecordingFile.readAllEvents(file).stream()
            .filter(e -> e.getEventType().getName().equals(event))
            .toList();
    assertThat(events)
        .allSatisfy(e -> assertThat(e.getEventType().getCategoryNames()).containsExactly("VIKING"));
    return events;
  }

  @Test
  void predictions() throws Exception {
    List<RecordedEvent> events =
        record(
            "dev.viking.Prediction",
            () -> {
              try (CompiledPredictor predictor =
                  Posteriors.mlp(3).compile(PredictorOptions.of(Likelihood.REGRESSION))) {
                predictor.predict(new float[96], 3, predictor.prediction(3));
              }
            });
    assertThat(events).hasSize(1);
    assertThat(events.getFirst().getInt("inputs")).isEqualTo(3);
    assertThat(events.getFirst().getLong("samples")).isEqualTo(3);
    assertThat(events.getFirst().getString("path")).isEqualTo("COMPILED");
  }

  @Test
  void projectionsTellResidualAndRank() throws Exception {
    double[] residual = new double[1];
    List<RecordedEvent> events =
        record(
            "dev.viking.Projection",
            () -> {
              try (Rng rng = Rng.seeded(1)) {
                Tensor rows = Tensor.randn(rng, DType.FLOAT32, 3, 8);
                Projection projection =
                    KernelProjection.of(rows, new ExactSolver())
                        .project(Tensor.randn(rng, DType.FLOAT32, 2, 8));
                residual[0] = projection.relativeResidual();
              }
            });
    assertThat(events).hasSize(1);
    RecordedEvent event = events.getFirst();
    assertThat(event.getDouble("residual")).isEqualTo(residual[0]).isBetween(0.0, 1e-5);
    assertThat(event.getLong("rank")).isEqualTo(3);
    assertThat(event.getLong("vectors")).isEqualTo(2);
    assertThat(event.getLong("rows")).isEqualTo(3);
    assertThat(event.getLong("parameters")).isEqualTo(8);
    assertThat(event.getString("status")).isNotEmpty();
  }

  @Test
  void projectionsThroughADataSetAreOneForEachBlock() throws Exception {
    List<Double> residuals = new ArrayList<>();
    Sequential model = Mlp.of(new int[] {2, 5, 3}, Activation.TANH);
    List<RecordedEvent> events =
        record(
            "dev.viking.Projection",
            () -> {
              try (Rng rng = Rng.seeded(1)) {
                Tensor mean = model.initialise(rng, DType.FLOAT32, Device.CPU);
                TrainingData data =
                    TrainingData.of(
                        Tensor.randn(rng, DType.FLOAT32, 10, 2),
                        Tensor.randn(rng, DType.FLOAT32, 10, 3));
                new AlternatingProjections(
                        model,
                        Losses.halfSquaredError(),
                        JacobianKind.FUNCTION,
                        new ExactSolver(),
                        4,
                        2)
                    .sample(
                        KernelImagePosterior.of(mean, 1, -1),
                        data,
                        6,
                        rng,
                        (_, _, _, residual) -> residuals.add(residual));
              }
            });
    // Blocks of 4, 4 and 2 examples with three outputs each, in two cycles.
    assertThat(events)
        .extracting(e -> e.getLong("rows"))
        .containsExactly(12L, 12L, 6L, 12L, 12L, 6L);
    assertThat(events).extracting(e -> e.getDouble("residual")).isEqualTo(residuals);
    assertThat(events)
        .allSatisfy(
            e -> {
              assertThat(e.getLong("vectors")).isEqualTo(6);
              assertThat(e.getLong("parameters")).isEqualTo(model.layout().total());
              // Each output has its own row of outgoing weights, so the rows are independent.
              assertThat(e.getLong("rank")).isEqualTo(e.getLong("rows"));
              assertThat(e.getString("status")).isEqualTo("FULL_RANK");
              assertThat(e.getInt("iterations")).isZero();
            });
  }

  @Test
  void projectionsOfAnIterativeSolverTellIterationsAndNoRank() throws Exception {
    Sequential model = Mlp.of(new int[] {2, 5, 1}, Activation.TANH);
    List<RecordedEvent> events =
        record(
            "dev.viking.Projection",
            () -> {
              try (Rng rng = Rng.seeded(1)) {
                Tensor mean = model.initialise(rng, DType.FLOAT32, Device.CPU);
                TrainingData data =
                    TrainingData.of(
                        Tensor.randn(rng, DType.FLOAT32, 4, 2),
                        Tensor.randn(rng, DType.FLOAT32, 4, 1));
                new AlternatingProjections(
                        model, Losses.halfSquaredError(), JacobianKind.FUNCTION, new Lsmr(), 4, 1)
                    .sample(
                        KernelImagePosterior.of(mean, 1, -1),
                        data,
                        2,
                        rng,
                        AlternatingListener.NONE);
              }
            });
    assertThat(events).hasSize(1);
    assertThat(events.getFirst().getLong("rank")).isEqualTo(-1);
    assertThat(events.getFirst().getInt("iterations")).isPositive();
  }

  @Test
  void transformsAreGroupsOfNativeCalls() throws Exception {
    List<RecordedEvent> events =
        record("dev.viking.NativeCalls", () -> Func.grad(v -> v.tanh().sum(), Tensor.of(1.0, 2.0)));
    assertThat(events).hasSize(1);
    assertThat(events.getFirst().getString("group")).isEqualTo("grad");
    assertThat(events.getFirst().getInt("depth")).isZero();
  }

  @Test
  void trainingSteps() throws Exception {
    List<RecordedEvent> events =
        record(
            "dev.viking.TrainingStep",
            () -> {
              Sequential model = Mlp.of(new int[] {2, 4, 1}, Activation.TANH);
              TrainerOptions options =
                  TrainerOptions.exact()
                      .seed(0)
                      .batchSize(4)
                      .mleEpochs(1)
                      .sigmaEpochs(0)
                      .elboEpochs(1)
                      .build();
              try (Rng rng = Rng.seeded(1)) {
                TrainingData data =
                    TrainingData.of(
                        Tensor.randn(rng, DType.FLOAT32, 8, 2),
                        Tensor.randn(rng, DType.FLOAT32, 8, 1));
                new VikingTrainer(model, Losses.halfSquaredError(), options).train(data);
              }
            });
    assertThat(events).extracting(e -> e.getString("stage")).contains("MLE", "ELBO").hasSize(4);
    assertThat(events).extracting(e -> e.getLong("step")).containsExactly(0L, 1L, 0L, 1L);
  }

  @Test
  void nativeMemory() throws Exception {
    List<RecordedEvent> events =
        record("dev.viking.NativeMemory", () -> Tensor.zeros(DType.FLOAT32, 1000).add_(1));
    assertThat(events).isNotEmpty();
    assertThat(events.getLast().getString("device")).isEqualTo("cpu");
    assertThat(events.getLast().getLong("free")).isPositive();
    assertThat(events.getLast().getLong("handles")).isNotNegative();
  }
}
