package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.UnsupportedCheckpointException;
import dev.viking.linalg.ConjugateGradient;
import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.Lsmr;
import dev.viking.linalg.Preconditioner;
import dev.viking.linalg.RowScaling;
import dev.viking.linalg.Solver;
import dev.viking.nn.Model;
import dev.viking.nn.ParameterLayout;
import dev.viking.posterior.TrainerOptions;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where fits start, what they refuse, and what their files say. */
@ExtendWith(LiveHandles.class)
class FitContextTest {
  private static final long D = Blobs.MODEL.layout().total();
  private static final MapEstimate MAP = new MapEstimate("MAP", TrainerOptions.exact().build());

  @TempDir Path folder;

  @Test
  void fromScratchIsTheModelsOwnInitialisation() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(4)) {
      Tensor own = Blobs.MODEL.initialise(rng, DType.FLOAT32, Device.CPU);
      assertThat(Blobs.context(4).start(null).toDoubleArray()).isEqualTo(own.toDoubleArray());
    }
  }

  @Test
  void theStartIsACopyOfTheInitialMean() {
    try (Scope _ = Scope.open()) {
      Tensor mean = Tensor.ones(DType.FLOAT32, D);
      Tensor start = Blobs.context(4).withInitialMean(mean).start(MAP);
      start.mul_(3);
      assertThat(mean.sum().item()).isEqualTo(D);
    }
  }

  @Test
  void aMeanThatDoesNotFitIsRefused() {
    try (Scope _ = Scope.open()) {
      FitContext context = Blobs.context(4);
      Tensor small = Tensor.ones(DType.FLOAT32, D - 1);
      assertThatThrownBy(() -> context.withInitialMean(small))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[" + D + "] is needed");
      Tensor wide = Tensor.ones(DType.FLOAT64, D);
      assertThatThrownBy(() -> context.withInitialMean(wide))
          .isInstanceOf(DTypeException.class)
          .hasMessageContaining("initialMean holds FLOAT64");
    }
  }

  @Test
  void aBaseWithoutAPointEstimateIsRefused() {
    MapEstimate once = new MapEstimate("MAP", TrainerOptions.exact().mleEpochs(1).build());
    try (Scope _ = Scope.open()) {
      FitContext context = Blobs.context(4);
      assertThatThrownBy(() -> context.start(Mixture.deepEnsemble(2, once)))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("Deep ensemble has no point estimate");
    }
  }

  @Test
  void aModelWhoseLayersAreUnknownIsNoSequential() {
    Model opaque =
        new Model() {
          @Override
          public ParameterLayout layout() {
            return Blobs.MODEL.layout();
          }

          @Override
          public Tensor apply(Tensor parameters, Tensor inputs) {
            return Blobs.MODEL.apply(parameters, inputs);
          }

          @Override
          public Tensor initialise(Rng rng, DType dtype, Device device) {
            return Blobs.MODEL.initialise(rng, dtype, device);
          }
        };
    Path file = folder.resolve("opaque.safetensors");
    try (Scope _ = Scope.open()) {
      FitContext context =
          FitContext.of(opaque, Blobs.LOSS, Blobs.data(DType.FLOAT32), 1)
              .withInitialMean(Tensor.ones(DType.FLOAT32, D));
      assertThatThrownBy(() -> context.sequential("SWAG"))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("SWAG")
          .hasMessageContaining("Sequential is needed");
      new PointPosterior(FitDescription.of(MAP, opaque), Tensor.ones(DType.FLOAT32, D)).save(file);
      assertThatThrownBy(() -> Methods.load(file, Device.CPU))
          .isInstanceOf(UnsupportedCheckpointException.class)
          .hasMessageContaining("describes no model");
      assertThat(Methods.load(file, opaque, Device.CPU).pointEstimate()).isNotNull();
    }
  }

  @Test
  void filesThatAreNoFitAreRefused() {
    Path other = folder.resolve("other.safetensors");
    Checkpoint.builder().metadata("format", "something").write(other);
    assertThatThrownBy(() -> Methods.load(other, Device.CPU))
        .isInstanceOf(UnsupportedCheckpointException.class)
        .hasMessageContaining("format is something; needed viking-method or viking-posterior");
    Path future = folder.resolve("future.safetensors");
    Checkpoint.builder()
        .metadata("format", "viking-method")
        .metadata("format_version", "2")
        .write(future);
    assertThatThrownBy(() -> Methods.load(future, Device.CPU))
        .isInstanceOf(UnsupportedCheckpointException.class)
        .hasMessageContaining("format_version is \"2\"");
    Path kind = folder.resolve("kind.safetensors");
    Checkpoint.builder()
        .metadata("format", "viking-method")
        .metadata("format_version", "1")
        .metadata("kind", "oracle")
        .metadata("method", "Oracle")
        .model(Blobs.MODEL)
        .write(kind);
    assertThatThrownBy(() -> Methods.load(kind, Device.CPU))
        .isInstanceOf(UnsupportedCheckpointException.class)
        .hasMessageContaining("kind is \"oracle\"");
  }

  static Stream<Solver> solvers() {
    return Stream.of(
        new ExactSolver(),
        new ExactSolver(1e-4, 0),
        new ConjugateGradient(10, true),
        ConjugateGradient.converging(1e-6, 50).withScaling(RowScaling.NONE),
        new Lsmr(),
        new Lsmr().withScaling(RowScaling.NONE));
  }

  @ParameterizedTest
  @MethodSource("solvers")
  void solversComeBackFromTheirTexts(Solver solver) {
    assertThat(SolverText.parse(SolverText.of(solver))).isEqualTo(solver);
  }

  @Test
  void solversThatNoTextNamesAreRefused() {
    Solver preconditioned =
        ConjugateGradient.converging(1e-6, 50).withPreconditioner(Preconditioner.nystrom(4));
    assertThatThrownBy(() -> SolverText.of(preconditioned))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("preconditioner");
    assertThatThrownBy(() -> SolverText.parse("exact"))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("no solver");
    assertThatThrownBy(() -> SolverText.parse("qr 1"))
        .hasMessageContaining("exact, cg or lsmr is needed");
  }

  @Test
  void derivedSeedsDoNotMeet() {
    Set<Long> seen = new HashSet<>();
    for (long seed = -20; seed < 20; seed++) {
      for (int part = 0; part < 50; part++) {
        assertThat(seen.add(Seeds.derive(seed, part))).isTrue();
      }
    }
  }

  @Test
  void everyOptionOfVikingIsAmongItsSettings() {
    Viking method = Viking.of(TrainerOptions.exact().build());
    Map<String, String> texts = method.hyperparameters();
    assertThat(texts).containsEntry("gamma", "0.2").containsEntry("draw.jacobian", "LOSS");
    assertThat(texts.get("elbo")).contains("klWeight").contains("ExactSolver");
    assertThat(texts).doesNotContainKeys("seed", "device", "dtype");
    Viking other = Viking.of(TrainerOptions.exact().alternatingPasses(2).build());
    assertThat(other.hyperparameters()).isNotEqualTo(texts);
  }
}
