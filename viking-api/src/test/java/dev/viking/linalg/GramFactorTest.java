package dev.viking.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LinalgException;
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
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The factor of the pseudo-inverse in one call on the CPU, and made without reading a value as on
 * other devices, against libtorch's pseudo-inverse by singular values.
 */
@ExtendWith(LiveHandles.class)
class GramFactorTest {
  private static final double CUTOFF = 1e-5;

  private Scope scope;
  private Rng rng;

  @BeforeEach
  void open() {
    scope = Scope.open();
    rng = Rng.seeded(11);
  }

  @AfterEach
  void close() {
    rng.close();
    scope.close();
  }

  private static List<GramFactor> both(Tensor rows) {
    return List.of(
        GramFactor.of(LinearOperator.of(rows), CUTOFF, 0),
        GramFactor.withoutWaiting(LinearOperator.of(rows), CUTOFF, 0));
  }

  /** The pseudo-inverse of the Gram matrix of rows scaled to norm one, scaled back. */
  private static Tensor wanted(Tensor rows) {
    Tensor norms = rows.square().sum(1).sqrt();
    Tensor scale = norms.add(norms.eq(0.0).to(DType.FLOAT64)).reciprocal();
    Tensor unit = rows.mul(scale.unsqueeze(1));
    Tensor.Eigh eigh = unit.matmul(unit.t()).eigh();
    Tensor values = eigh.values();
    Tensor counts = values.gt(values.max().mul(CUTOFF));
    Tensor inverse = values.maskedFill(counts.logicalNot(), 1.0).reciprocal();
    Tensor weighted = eigh.vectors().mul(inverse.mul(counts.to(DType.FLOAT64)));
    return weighted.matmul(eigh.vectors().t()).mul(scale).mul(scale.unsqueeze(1));
  }

  private static void agrees(Tensor rows, long rank, double tolerance) {
    Tensor wanted = wanted(rows);
    for (GramFactor factor : both(rows)) {
      Tensor f = factor.pseudoInverseFactor().orElseThrow();
      assertThat(f.matmul(f.t()).sub(wanted).norm().div(wanted.norm()).item())
          .isLessThan(tolerance);
      assertThat(factor.rank()).hasValue(rank);
      assertThat(factor.rankTensor().orElseThrow().item()).isEqualTo((double) rank);
      Tensor products = Tensor.ones(new long[] {2, rows.size(0)}, DType.FLOAT64, rows.device());
      Tensor x = products.matmul(wanted);
      assertThat(factor.solve(products).sub(x).norm().div(x.norm()).item()).isLessThan(tolerance);
      // V V^T is a projection of this rank, whichever way the factor was made.
      Tensor v = f.t().matmul(rows);
      Tensor projection = v.matmul(v.t());
      assertThat(projection.matmul(projection).sub(projection).norm().item())
          .isLessThan(1e4 * tolerance);
      assertThat(projection.diagonal(0, 0, 1).sum().item())
          .isCloseTo((double) rank, within(1e4 * tolerance));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 5, 32, 64, 70})
  void independentRowsOfAllScales(long n) {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, n, 120);
    Tensor decades = Tensor.arange(0.0, (double) n, 1.0, DType.FLOAT64).mul(8.0 / n).sub(4.0);
    agrees(rows.mul(decades.mul(Math.log(10)).exp().unsqueeze(1)), n, 1e-9);
  }

  @ParameterizedTest
  @ValueSource(longs = {6, 32, 80})
  void repeatedAndZeroRowsDropOut(long n) {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, n, 100);
    rows.select(0, 3).copy_(rows.select(0, 1).mul(-7.0));
    rows.select(0, 2).zero_();
    agrees(rows, n - 2, 1e-8);
  }

  @Test
  void theCutoffChoosesAmongEigenvaluesThatAreClose() {
    // Two rows with cosine c have the eigenvalues 1 + c and 1 - c.
    for (double share : new double[] {0.5, 0.9, 0.99, 1.01, 1.1, 2}) {
      double small = share * CUTOFF * 2;
      double cosine = 1 - small;
      Tensor rows =
          Tensor.of(new double[] {1, 0, cosine, Math.sqrt(1 - cosine * cosine)}).view(2, 2);
      agrees(rows, share > 1 ? 2 : 1, 1e-6);
    }
  }

  @Test
  void oneRowOfZerosHasRankZero() {
    for (GramFactor factor : both(Tensor.zeros(new long[] {1, 4}, DType.FLOAT64, Device.CPU))) {
      assertThat(factor.rank()).hasValue(0);
      Tensor products = Tensor.zeros(new long[] {1, 1}, DType.FLOAT64, Device.CPU);
      assertThat(factor.solve(products).item()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, 1e200})
  void rowsThatAreNotFiniteAreRefusedOrShowInTheRank(double value) {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 5, 20);
    rows.select(0, 2).narrow(0, 3, 1).fill_(value);
    LinearOperator operator = LinearOperator.of(rows);
    assertThatThrownBy(() -> GramFactor.of(operator, CUTOFF, 0))
        .isInstanceOf(LinalgException.class)
        .hasMessageContaining("finite rows are needed");
    GramFactor factor = GramFactor.withoutWaiting(operator, CUTOFF, 0);
    assertThat(factor.rankTensor().orElseThrow().item()).isNaN();
    assertThat(factor.solve(Tensor.ones(new long[] {1, 5}, DType.FLOAT64, Device.CPU)).sum().item())
        .isNaN();
    assertThatThrownBy(factor::rank).isInstanceOf(LinalgException.class);
  }

  @Test
  void aProjectionTellsHowItEnded() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 4, 30);
    rows.select(0, 1).copy_(rows.select(0, 0));
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 2, 30);
    double cutoff = new ExactSolver().cutoff(DType.FLOAT64);
    KernelProjection there =
        new KernelProjection(GramFactor.withoutWaiting(LinearOperator.of(rows), cutoff, 1));
    KernelProjection here = KernelProjection.of(rows, new ExactSolver());
    Projection split = there.project(u);
    assertThat(split.status()).isEqualTo(SolverStatus.FACTORISED);
    assertThat(split.relativeResidual()).isLessThan(1e-13);
    Tensor same = here.project(u).kernel();
    assertThat(split.kernel().sub(same).norm().item()).isLessThan(1e-11);
    assertThat(there.rank()).isEqualTo(here.rank()).hasValue(3);
  }
}
