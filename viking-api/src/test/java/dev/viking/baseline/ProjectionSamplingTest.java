package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.func.Func;
import dev.viking.linalg.ExactSolver;
import dev.viking.nn.Activation;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.AlternatingOptions;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Against a dense projector, made by the generic transforms and a pseudo-inverse in float64. */
@ExtendWith(LiveHandles.class)
class ProjectionSamplingTest {
  private static final Sequential MODEL = Mlp.of(new int[] {2, 12, 3}, Activation.TANH);
  private static final int CYCLES = 3;
  private static final long D = MODEL.layout().total();
  private static final Loss LOSS = Losses.softmaxCrossEntropy();
  private static final MapEstimate BASE =
      new MapEstimate("MAP", TrainerOptions.exact().mleEpochs(5).batchSize(4).build());

  private static TrainingData data() {
    return TrainingData.of(
        Blobs.inputs(3, 6, DType.FLOAT64), Tensor.of(new long[] {0, 1, 2, 0, 1, 2}, 6));
  }

  private static FitContext context(Tensor mean) {
    return FitContext.of(MODEL, LOSS, data(), 11)
        .on(DType.FLOAT64, Device.CPU)
        .withInitialMean(mean);
  }

  private static Tensor mean() {
    try (Rng rng = Rng.seeded(2)) {
      return Tensor.randn(rng, DType.FLOAT64, D);
    }
  }

  private static ProjectionSampling method(JacobianKind jacobian, int blockSize, int rankSamples) {
    AlternatingOptions options =
        AlternatingOptions.of(jacobian, new ExactSolver())
            .withBlockSize(blockSize)
            .withCycles(CYCLES);
    return new ProjectionSampling(
        "Miani",
        BASE,
        ProjectionSettings.of(options, Predictions.LINEARISED),
        Double.NaN,
        rankSamples);
  }

  /** All rows of the data's Jacobian, [rows, D]. */
  private static Tensor jacobian(JacobianKind kind, Tensor mean) {
    TrainingData.Batch all = data().select(new int[] {0, 1, 2, 3, 4, 5});
    Tensor rows =
        Func.jacrev(
            theta -> {
              Tensor outputs = MODEL.apply(theta, all.inputs());
              return kind == JacobianKind.LOSS ? LOSS.perExample(outputs, all.targets()) : outputs;
            },
            mean);
    return rows.reshape(-1, D);
  }

  private static Tensor projector(Tensor jacobian) {
    return Tensor.eye(D, DType.FLOAT64, Device.CPU).sub(jacobian.pinv(1e-10).matmul(jacobian));
  }

  @Test
  void aMemoryBudgetIsASettingWhereItIsNotTheUsualOne() {
    ProjectionSampling usual = method(JacobianKind.LOSS, 3, 4);
    ProjectionSampling small = usual.withDraw(usual.draw().withMemoryBudget(100_000));
    // Results of before it could be set have no such text.
    assertThat(usual.hyperparameters()).doesNotContainKey("draw.memoryBudget");
    assertThat(small.hyperparameters()).containsEntry("draw.memoryBudget", "100000");
    try (Scope _ = Scope.open()) {
      FitContext context = context(mean());
      assertThat(usual.fit(context).settings()).isEqualTo(usual.draw());
      assertThat(small.fit(context).settings()).isEqualTo(small.draw());
    }
  }

  @ParameterizedTest
  @EnumSource(JacobianKind.class)
  void samplesAreProjectedByTheDenseProjectorsOfTheBlocks(JacobianKind kind) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(77)) {
      Tensor mean = mean();
      KernelImageFit fit = method(kind, 3, 4).fit(context(mean));
      DeviationDraw draw = (DeviationDraw) fit.draw(DrawRequest.of(LOSS, data(), 30, 77));
      // The same generator gives the vectors that were projected.
      Tensor vectors = Tensor.randn(rng, DType.FLOAT64, 30, D);
      Tensor rows = jacobian(kind, mean);
      long half = rows.size(0) / 2;
      Tensor expected = vectors;
      for (int cycle = 0; cycle < CYCLES; cycle++) {
        expected = expected.matmul(projector(rows.narrow(0, 0, half)));
        expected = expected.matmul(projector(rows.narrow(0, half, half)));
      }
      expected = expected.mul(fit.posterior().scaleKernel());
      double scale = expected.abs().max().item();
      assertThat(draw.deviations().sub(expected).abs().max().item()).isLessThan(1e-8 * scale);
    }
  }

  @Test
  void samplesOfSomeExamplesAreProjectedByThoseAlone() {
    try (Scope _ = Scope.open()) {
      Tensor mean = mean();
      ProjectionSampling all = method(JacobianKind.LOSS, 4, 4);
      ProjectionSampling some =
          new ProjectionSampling("some", BASE, all.draw().withExamples(4), 0.0, 1);
      KernelImageFit fit = some.fit(context(mean));
      Tensor rows = jacobian(JacobianKind.LOSS, mean);
      Set<List<Integer>> picked = new HashSet<>();
      for (long seed = 0; seed < 8; seed++) {
        DeviationDraw draw = (DeviationDraw) fit.draw(DrawRequest.of(LOSS, data(), 20, seed));
        double[] moved =
            draw.deviations().matmul(rows.t()).abs().amax(new long[] {0}, false).toDoubleArray();
        List<Integer> still = new ArrayList<>();
        for (int example = 0; example < moved.length; example++) {
          if (moved[example] < 1e-8) {
            still.add(example);
          } else {
            assertThat(moved[example]).isGreaterThan(1e-3);
          }
        }
        assertThat(still).hasSize(4);
        picked.add(still);
      }
      assertThat(picked).hasSizeGreaterThan(2);
      assertThat(
              new ProjectionSampling("all", BASE, all.draw().withExamples(6), 0.0, 1)
                  .fit(context(mean))
                  .settings()
                  .examples())
          .isEqualTo(6);
      assertThatThrownBy(() -> all.draw().withExamples(-1))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("examples");
    }
  }

  @ParameterizedTest
  @EnumSource(JacobianKind.class)
  void theCovarianceIsTheProjectorOverThePrecision(JacobianKind kind) {
    int count = 4000;
    try (Scope _ = Scope.open()) {
      Tensor mean = mean();
      KernelImageFit fit = method(kind, 6, 4).fit(context(mean));
      Tensor deviations =
          ((DeviationDraw) fit.draw(DrawRequest.of(LOSS, data(), count, 5))).deviations();
      Tensor covariance =
          deviations
              .t()
              .matmul(deviations)
              .div(count)
              .mul(Math.exp(fit.posterior().logPrecision().item()));
      Tensor error = covariance.sub(projector(jacobian(kind, mean)));
      assertThat(error.abs().max().item()).isLessThan(6 * Math.sqrt(2.0 / count));
    }
  }

  @Test
  void linearisedPredictionsOfTheTrainingInputsDoNotMove() {
    try (Scope _ = Scope.open()) {
      Tensor mean = mean();
      KernelImageFit fit = method(JacobianKind.FUNCTION, 6, 4).fit(context(mean));
      Tensor inputs = data().select(new int[] {0, 1, 2, 3, 4, 5}).inputs();
      Tensor outputs = fit.draw(DrawRequest.of(LOSS, data(), 7, 5)).predict(inputs).outputs();
      assertThat(outputs.sub(MODEL.apply(mean, inputs)).abs().max().item()).isLessThan(1e-5);
      Tensor elsewhere = inputs.add(0.7);
      Tensor moved = fit.draw(DrawRequest.of(LOSS, data(), 7, 5)).predict(elsewhere).outputs();
      assertThat(moved.sub(MODEL.apply(mean, elsewhere)).abs().max().item()).isGreaterThan(1e-2);
    }
  }

  @ParameterizedTest
  @EnumSource(JacobianKind.class)
  void thePrecisionIsTheOneOfLargestEvidence(JacobianKind kind) {
    try (Scope _ = Scope.open()) {
      Tensor mean = mean();
      double found = method(kind, 6, 4000).fit(context(mean)).posterior().logPrecision().item();
      // The Laplace evidence with the image's scale gone to zero, searched on a grid.
      double[] eigenvalues = gram(jacobian(kind, mean));
      double norm = mean.mul(mean).sum().item();
      double best = Double.NEGATIVE_INFINITY;
      double at = Double.NaN;
      for (double log = -8; log < 8; log += 0.001) {
        double evidence = -Math.exp(log) * norm / 2;
        for (double eigenvalue : eigenvalues) {
          // 1e12 stands for the limit; below 1e-10 of the largest an eigenvalue is rounding.
          double data =
              eigenvalue > 1e-10 * eigenvalues[eigenvalues.length - 1] ? 1e12 * eigenvalue : 0;
          evidence += (log - Math.log(data + Math.exp(log))) / 2;
        }
        if (evidence > best) {
          best = evidence;
          at = log;
        }
      }
      assertThat(found).isCloseTo(at, within(0.03));
    }
  }

  private static double[] gram(Tensor jacobian) {
    return jacobian.t().matmul(jacobian).eigvalsh().toDoubleArray();
  }

  @Test
  void withoutAnInitialMeanTheBaseIsFittedFirst() {
    try (Scope _ = Scope.open()) {
      FitContext scratch = context(mean()).withInitialMean(null);
      Tensor trained = BASE.fit(scratch).pointEstimate();
      KernelImageFit alone = ProjectionSampling.loss(BASE, 1).fit(scratch);
      KernelImageFit given = ProjectionSampling.loss(BASE, 1).fit(scratch.withInitialMean(trained));
      assertThat(alone.posterior().variables().toDoubleArray())
          .isEqualTo(given.posterior().variables().toDoubleArray());
      assertThat(alone.pointEstimate().toDoubleArray()).isEqualTo(trained.toDoubleArray());
    }
  }

  @Test
  void aNetworkOfZerosHasNoPrecision() {
    try (Scope _ = Scope.open()) {
      FitContext context = context(Tensor.zeros(DType.FLOAT64, D));
      assertThatThrownBy(() -> ProjectionSampling.loss(BASE, 1).fit(context))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("|theta|^2 0.0");
    }
  }
}
