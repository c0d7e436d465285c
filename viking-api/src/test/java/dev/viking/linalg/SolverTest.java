package dev.viking.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.LinalgException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The iterative solvers against the exact one and against plain Java, their statuses, and bad
 * input.
 */
@ExtendWith(LiveHandles.class)
class SolverTest {
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

  @Test
  void papersConjugateGradientsTakeTheAuthorsSteps() {
    int n = 7;
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, n, 30);
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 2, 30);
    double[] gram = rows.matmul(rows.t()).toDoubleArray();
    for (int steps = 1; steps <= 9; steps++) {
      for (boolean sweep : new boolean[] {true, false}) {
        Solution solution =
            new ConjugateGradient(steps, sweep).prepare(LinearOperator.of(rows)).leastSquares(u);
        assertThat(solution.status()).isEqualTo(SolverStatus.FIXED_STEPS);
        assertThat(solution.iterations()).isEqualTo(steps);
        for (int s = 0; s < 2; s++) {
          double[] right = rows.mv(u.select(0, s)).toDoubleArray();
          double[] expected = PaperConjugateGradient.solve(gram, right, steps, sweep);
          double[] computed = solution.x().select(0, s).toDoubleArray();
          for (int i = 0; i < n; i++) {
            assertThat(computed[i]).isCloseTo(expected[i], within(1e-10));
          }
        }
      }
    }
  }

  @Test
  void papersConjugateGradientsMakeNoProgressOnTinyRowsAndStayFinite() {
    // Squared curvatures below the square of the type's epsilon: the guarded division returns the
    // numerator.
    Tensor rows = Tensor.randn(rng, DType.FLOAT32, 8, 400).mul(1e-7);
    Tensor u = Tensor.randn(rng, DType.FLOAT32, 1, 400);
    Projection stuck = KernelProjection.of(rows, new ConjugateGradient(10, true)).project(u);
    assertThat(stuck.relativeResidual()).isCloseTo(1.0, within(1e-3));
    Projection exact = KernelProjection.of(rows, new ExactSolver()).project(u);
    assertThat(exact.relativeResidual()).isLessThan(1e-5);
  }

  @Test
  void convergingSolversAgreeWithTheExactOneOnBadlyScaledRows() {
    Tensor rows =
        Tensor.randn(rng, DType.FLOAT64, 6, 40)
            .mul(Tensor.of(new double[] {1e-4, 1e-2, 1, 10, 1e3, 3}, 6, 1));
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 2, 40);
    Tensor exact = KernelProjection.of(rows, new ExactSolver()).project(u).kernel();

    Projection cg = KernelProjection.of(rows, ConjugateGradient.converging(1e-13, 40)).project(u);
    assertThat(cg.status()).isEqualTo(SolverStatus.CONVERGED);
    assertThat(cg.iterations()).isBetween(3, 8);
    assertThat(cg.kernel().sub(exact).norm().item()).isLessThan(1e-9);

    Projection lsmr = KernelProjection.of(rows, new Lsmr(1e-14, 1e-14, 1e8, 100)).project(u);
    assertThat(lsmr.status()).isEqualTo(SolverStatus.LEAST_SQUARES);
    assertThat(lsmr.iterations()).isBetween(3, 12);
    assertThat(lsmr.kernel().sub(exact).norm().item()).isLessThan(1e-9);
  }

  @Test
  void lsmrConvergesOnConsistentSystems() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 5, 12);
    Tensor x = Tensor.randn(rng, DType.FLOAT64, 1, 5);
    Solution solution =
        new Lsmr(1e-13, 1e-13, 1e10, 100)
            .prepare(LinearOperator.of(rows))
            .leastSquares(x.matmul(rows));
    assertThat(solution.status()).isEqualTo(SolverStatus.CONVERGED);
    assertThat(solution.x().sub(x).norm().item()).isLessThan(1e-9);
  }

  @Test
  void statusesTellWhatHappened() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 12, 40);
    LinearOperator operator = LinearOperator.of(rows);
    Tensor u = Tensor.randn(rng, DType.FLOAT64, 1, 40);
    Tensor nothing = Tensor.zerosLike(u);
    Tensor broken = u.mul(Double.NaN);
    Solver hurried = ConjugateGradient.converging(1e-12, 2);
    Solver hurriedLsmr = new Lsmr(1e-12, 1e-12, 1e12, 2);
    Solver cautious = new Lsmr(1e-14, 1e-14, 1.01, 100);

    assertThat(status(hurried, operator, u)).isEqualTo(SolverStatus.ITERATION_LIMIT);
    assertThat(status(hurriedLsmr, operator, u)).isEqualTo(SolverStatus.ITERATION_LIMIT);
    assertThat(status(cautious, operator, u)).isEqualTo(SolverStatus.ILL_CONDITIONED);
    assertThat(status(hurried, operator, nothing)).isEqualTo(SolverStatus.ZERO_RIGHT_HAND_SIDE);
    assertThat(status(hurriedLsmr, operator, nothing)).isEqualTo(SolverStatus.ZERO_RIGHT_HAND_SIDE);
    assertThat(status(hurried, operator, broken)).isEqualTo(SolverStatus.NOT_FINITE);
    assertThat(status(hurriedLsmr, operator, broken)).isEqualTo(SolverStatus.NOT_FINITE);
    assertThat(SolverStatus.ITERATION_LIMIT.isSuccessful()).isFalse();
    assertThat(SolverStatus.ITERATION_LIMIT.advice()).contains("raise the limit");
  }

  @Test
  void badInputIsRefusedByName() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 3, 10);
    KernelProjection projection = KernelProjection.of(rows, new ExactSolver());
    assertThatThrownBy(() -> projection.project(Tensor.zeros(DType.FLOAT64, 1, 9)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("[1, 9]")
        .hasMessageContaining("[S, 10]");
    assertThatThrownBy(() -> projection.project(Tensor.zeros(DType.FLOAT64, 10)))
        .isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> projection.project(Tensor.zeros(DType.FLOAT32, 1, 10)))
        .isInstanceOf(DTypeException.class)
        .hasMessageContaining("FLOAT32");
    assertThatThrownBy(() -> KernelProjection.of(rows.select(0, 0), new ExactSolver()))
        .isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> KernelProjection.of(rows.to(DType.INT64), new ExactSolver()))
        .isInstanceOf(DTypeException.class);
    assertThatThrownBy(() -> KernelProjection.of(rows.div(0.0), new ExactSolver()))
        .isInstanceOf(LinalgException.class)
        .hasMessageContaining("NaN or infinite");
    assertThatThrownBy(() -> new ConjugateGradient(0, true)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new ExactSolver().withCutoff(0)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new ExactSolver().withCutoff(1)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new ExactSolver(1e-5, -1)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new Lsmr(1e-8, Double.NaN, 1e8, 10))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("btol");
    assertThatThrownBy(() -> new Lsmr(1e-8, 1e-8, 1e8, 0)).isInstanceOf(ArgumentException.class);
  }

  @Test
  void aJacobianOperatorIsTheFunctionsJacobian() {
    Tensor at = Tensor.randn(rng, DType.FLOAT64, 4);
    try (JacobianOperator jacobian = LinearOperator.jacobian(x -> x.sin().outer(x), at)) {
      Tensor v = Tensor.randn(rng, DType.FLOAT64, 1, 4);
      Tensor w = Tensor.randn(rng, DType.FLOAT64, 1, 16);
      Tensor h = v.select(0, 0).mul(1e-6);
      Tensor difference =
          at.add(h).sin().outer(at.add(h)).sub(at.sub(h).sin().outer(at.sub(h))).div(2e-6);
      Tensor forward = jacobian.matvec(v);
      assertThat(forward.select(0, 0).sub(difference.flatten()).norm().item()).isLessThan(1e-8);
      assertThat(jacobian.rmatvec(w).mul(v).sum().item())
          .isCloseTo(forward.mul(w).sum().item(), within(1e-12));
      assertThat(jacobian.value().sub(at.sin().outer(at).flatten()).norm().item()).isZero();
    }
  }

  private static SolverStatus status(Solver solver, LinearOperator operator, Tensor u) {
    return solver.prepare(operator).leastSquares(u).status();
  }
}
