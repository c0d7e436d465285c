package dev.viking.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The exact projection: laws, agreement with a QR factorisation, rank, and rows of every scale. */
@ExtendWith(LiveHandles.class)
class KernelProjectionTest {
  private Scope scope;
  private Rng rng;

  @BeforeEach
  void open() {
    scope = Scope.open();
    rng = Rng.seeded(7);
  }

  @AfterEach
  void close() {
    rng.close();
    scope.close();
  }

  /** Also with dependent rows, and with a factor that has more columns than the rank. */
  @Test
  void coordinatesInTheImageAreThoseOfAnIsometry() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 6, 50);
    rows.select(0, 4).copy_(rows.select(0, 1).sub(rows.select(0, 2)));
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 3, 50);
    for (KernelProjection projection :
        List.of(KernelProjection.of(rows, new ExactSolver()), DeviceProjections.of(rows))) {
      Tensor image = projection.image(u);
      Tensor coordinates = projection.imageCoordinates(u);
      assertThat(coordinates.norm().item()).isCloseTo(image.norm().item(), within(1e-9));
      assertThat(relative(projection.fromImageCoordinates(coordinates), image)).isLessThan(1e-9);
      Tensor grams = projection.imageGrams(20, 30);
      assertThat(grams.sum(0).diagonal(0, 0, 1).sum().item()).isCloseTo(5, within(1e-9));
      Tensor inFirst = projection.imageCoordinates(u).matmul(grams.select(0, 0));
      Tensor there = projection.fromImageCoordinates(projection.imageCoordinates(u));
      Tensor cut = Tensor.zerosLike(u);
      cut.narrow(1, 0, 20).copy_(there.narrow(1, 0, 20));
      assertThat(relative(inFirst, projection.imageCoordinates(cut))).isLessThan(1e-9);
    }
  }

  @Test
  void iterationsHaveNoCoordinates() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 3, 9);
    KernelProjection projection = KernelProjection.of(rows, new Lsmr());
    assertThatThrownBy(() -> projection.imageGrams(9))
        .isInstanceOf(ArgumentException.class)
        .hasMessage("KernelProjection.imageGrams: the solver is iterative; ExactSolver is needed");
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT64"})
  void isAnOrthogonalProjectionOntoTheKernel(DType type) {
    double precision = type == DType.FLOAT64 ? 1e-12 : 1e-4;
    Tensor rows = Tensor.randn(rng, type, 9, 200);
    KernelProjection projection = KernelProjection.of(rows, new ExactSolver());
    Tensor u = Tensor.randn(rng, type, 3, 200);
    Tensor v = Tensor.randn(rng, type, 3, 200);

    Projection once = projection.project(u);
    Tensor twice = projection.project(once.kernel()).kernel();

    assertThat(relative(twice, once.kernel())).as("P P = P").isLessThan(precision);
    assertThat(u.mul(projection.project(v).kernel()).sum().item())
        .as("P is symmetric")
        .isCloseTo(once.kernel().mul(v).sum().item(), within(100 * precision));
    assertThat(rows.matmul(once.kernel().t()).norm().div(rows.matmul(u.t()).norm()).item())
        .as("J P = 0")
        .isLessThan(precision);
    assertThat(relative(once.kernel().add(once.image()), u)).as("k + m = u").isLessThan(precision);
    assertThat(relative(once.multipliers().matmul(rows), once.image()))
        .as("m = J^T lambda")
        .isLessThan(precision);
    assertThat(once.kernel().mul(once.image()).sum(1).abs().max().item())
        .as("k and m are orthogonal")
        .isLessThan(1000 * precision);
    assertThat(relative(once.kernel(), byQr(rows, u))).as("QR").isLessThan(precision);
    assertThat(projection.rank()).hasValue(9);
    assertThat(once.status()).isEqualTo(SolverStatus.FULL_RANK);
    assertThat(once.iterations()).isZero();
  }

  @Test
  void reportsTheResidualItHas() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 6, 40);
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 2, 40);
    Projection crude = KernelProjection.of(rows, new ConjugateGradient(2, true)).project(u);
    double left = rows.matmul(crude.kernel().t()).norm().item();
    double before = rows.matmul(u.t()).norm().item();
    assertThat(crude.relativeResidual()).isCloseTo(left / before, within(1e-12));
    assertThat(crude.relativeResidual()).isGreaterThan(1e-3);
    assertThat(KernelProjection.of(rows, new ExactSolver()).project(u).relativeResidual())
        .isLessThan(1e-13);
  }

  @Test
  void givesTheSamePartsByNameAndForEachSampleAlone() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 6, 40);
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 4, 40);
    KernelProjection projection = KernelProjection.of(rows, new ExactSolver());
    Projection all = projection.project(u);
    for (int s = 0; s < 4; s++) {
      Tensor one = u.narrow(0, s, 1);
      assertThat(relative(projection.image(one), all.image().narrow(0, s, 1))).isLessThan(1e-13);
      assertThat(relative(projection.multipliers(one), all.multipliers().narrow(0, s, 1)))
          .isLessThan(1e-12);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-30, 1e-8, 1, 1e12})
  void doesNotDependOnTheScaleOfTheRows(double scale) {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 5, 30);
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 1, 30);
    Tensor scaled = rows.mul(Tensor.of(new double[] {scale, 1, 1e-4, 10, scale}, 5, 1));
    Projection projection = KernelProjection.of(scaled, new ExactSolver()).project(u);
    assertThat(relative(projection.kernel(), byQr(rows, u))).isLessThan(1e-12);
  }

  @Test
  void keepsRowsOfSmallExamplesInFloat32WhereThePapersSolverLosesThem() {
    // spec: per-example gradient norms from 1e-4 to 10, 32 rows of 20,000 columns
    double[] norms = new double[32];
    for (int i = 0; i < 32; i++) {
      norms[i] = Math.pow(10, -4 + 5.0 * i / 31);
    }
    Tensor directions = Tensor.randn(rng, DType.FLOAT64, 32, 20_000).div(Math.sqrt(20_000));
    Tensor rows = directions.mul(Tensor.of(norms, 32, 1)).to(DType.FLOAT32);
    Tensor u = Tensor.randn(rng, DType.FLOAT32, 1, 20_000);
    Tensor exact = byQr(rows.to(DType.FLOAT64), u.to(DType.FLOAT64));

    Tensor ours = KernelProjection.of(rows, new ExactSolver()).project(u).kernel();
    Tensor papers = KernelProjection.of(rows, new ConjugateGradient(10, true)).project(u).kernel();

    assertThat(ours.to(DType.FLOAT64).sub(exact).norm().item()).isLessThan(1e-4);
    assertThat(papers.to(DType.FLOAT64).sub(exact).norm().item()).isGreaterThan(3);
  }

  @Test
  void countsIndependentRowsOnly() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 5, 50);
    Tensor zero = Tensor.zeros(DType.FLOAT64, 2, 50);
    Tensor mixture = rows.narrow(0, 0, 1).mul(2.0).sub(rows.narrow(0, 3, 1));
    Tensor redundant = Tensor.cat(List.of(rows, zero, rows.narrow(0, 1, 2).mul(1e-3), mixture), 0);
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 2, 50);

    KernelProjection projection = KernelProjection.of(redundant, new ExactSolver());
    Projection split = projection.project(u);

    assertThat(projection.rank()).hasValue(5);
    assertThat(split.status()).isEqualTo(SolverStatus.RANK_DEFICIENT);
    assertThat(relative(split.kernel(), byQr(rows, u))).isLessThan(1e-12);
    assertThat(relative(split.multipliers().matmul(redundant), split.image())).isLessThan(1e-11);
  }

  @Test
  void countsIndependentRowsOnlyInFloat32() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT32, 5, 5000);
    // The same examples again, as another batch would round them.
    Tensor again = rows.mul(Tensor.rand(rng, DType.FLOAT32, 5, 5000).sub(0.5).mul(2e-7).add(1.0));
    Tensor both = Tensor.cat(List.of(rows, again, Tensor.zeros(DType.FLOAT32, 1, 5000)), 0);
    Tensor u = Tensor.randn(rng, DType.FLOAT32, 1, 5000);
    KernelProjection projection = KernelProjection.of(both, new ExactSolver());
    assertThat(projection.rank()).hasValue(5);
    assertThat(relative(projection.project(u).kernel(), byQr(rows, u))).isLessThan(1e-4);
  }

  @Test
  void ofZeroRowsIsTheIdentity() {
    Tensor u = Tensor.randn(rng, DType.FLOAT32, 2, 10);
    KernelProjection projection =
        KernelProjection.of(Tensor.zeros(DType.FLOAT32, 3, 10), new ExactSolver());
    Projection split = projection.project(u);
    assertThat(projection.rank()).hasValue(0);
    assertThat(relative(split.kernel(), u)).isZero();
    assertThat(split.image().abs().max().item()).isZero();
    assertThat(split.relativeResidual()).isZero();
  }

  @Test
  void ofAsManyRowsAsColumnsLeavesNothing() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 12, 8);
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 1, 8);
    KernelProjection projection = KernelProjection.of(rows, new ExactSolver());
    assertThat(projection.rank()).hasValue(8);
    assertThat(projection.project(u).kernel().norm().item()).isLessThan(1e-12);
  }

  @Test
  void dropsTheDirectionsBelowTheCutoffAndKeepsThoseAbove() {
    // Two unit rows at an angle: eigenvalues of the Gram matrix are 1 - cos and 1 + cos.
    for (double angle : new double[] {1e-2, 1e-4}) {
      Tensor rows = Tensor.of(new double[] {1, 0, 0, Math.cos(angle), Math.sin(angle), 0}, 2, 3);
      double eigenvalueRatio = (1 - Math.cos(angle)) / (1 + Math.cos(angle));
      assertThat(
              KernelProjection.of(rows, new ExactSolver().withCutoff(eigenvalueRatio * 1.5)).rank())
          .hasValue(1);
      assertThat(
              KernelProjection.of(rows, new ExactSolver().withCutoff(eigenvalueRatio / 1.5)).rank())
          .hasValue(2);
    }
    assertThat(new ExactSolver().cutoff(DType.FLOAT32)).isEqualTo(1e-5);
    assertThat(new ExactSolver().cutoff(DType.FLOAT64)).isEqualTo(1e-12);
  }

  @Test
  void refinementReachesWhatTheGramMatrixAloneDoesNot() {
    // Singular values from 1 to 1e-5: the Gram matrix knows the smallest to 1e-6 only.
    Tensor left = Tensor.randn(rng, DType.FLOAT64, 8, 8).qr().q();
    Tensor right = Tensor.randn(rng, DType.FLOAT64, 60, 8).qr().q();
    double[] values = new double[8];
    for (int i = 0; i < 8; i++) {
      values[i] = Math.pow(10, -5.0 * i / 7);
    }
    Tensor rows = left.mul(Tensor.of(values)).matmul(right.t());
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 1, 60);
    Tensor exact = u.sub(u.matmul(right).matmul(right.t()));
    Projection refined = KernelProjection.of(rows, new ExactSolver()).project(u);
    assertThat(relative(refined.kernel(), exact)).isLessThan(1e-10);
    assertThat(refined.relativeResidual()).isLessThan(1e-12);
  }

  @Test
  void worksMatrixFreeWithEverySolver() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 6, 25);
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 3, 25);
    Tensor exact = byQr(rows, u);
    for (Solver solver :
        List.of(
            new ExactSolver(),
            new ConjugateGradient(6, true),
            ConjugateGradient.converging(1e-12, 50),
            new Lsmr(1e-13, 1e-13, 1e12, 100))) {
      try (JacobianOperator jacobian =
          LinearOperator.jacobian(x -> rows.mv(x).unsqueeze(1), u.select(0, 0))) {
        assertThat(jacobian.rows()).isEqualTo(6);
        Projection split = KernelProjection.of(jacobian, solver).project(u);
        assertThat(relative(split.kernel(), exact)).as("%s", solver).isLessThan(1e-9);
      }
    }
  }

  /** The same projection by another way: an orthonormal basis of the row space. */
  private static Tensor byQr(Tensor rows, Tensor u) {
    Tensor basis = rows.t().qr().q();
    return u.sub(u.matmul(basis).matmul(basis.t()));
  }

  private static double relative(Tensor computed, Tensor expected) {
    assertThat(computed.device()).isEqualTo(Device.CPU);
    return computed.sub(expected).norm().item() / Math.max(1e-300, expected.norm().item());
  }
}
