package dev.viking.linalg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every solver on every kind of operator, in both types, on hard rows: the image A^T x and the
 * reported status against a dense float64 singular value decomposition.
 */
@ExtendWith(LiveHandles.class)
class SolverMatrixTest {
  private static final int ROWS = 9;
  private static final int COLUMNS = 40;
  private static final int VECTORS = 3;

  enum Kind {
    DENSE,
    MATRIX_FREE,
    JACOBIAN,
    JACOBIAN_IN_PIECES
  }

  enum Rows {
    FULL_RANK,
    REPEATED,
    ZERO_ROW,
    ZERO_VECTORS,
    SOME_ZERO_VECTORS,
    WILD_NORMS
  }

  record Case(String name, Solver solver, Kind kind, DType type, Rows rows) {
    @Override
    public String toString() {
      return name + ", " + kind + ", " + type + ", " + rows;
    }
  }

  static Stream<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (DType type : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
      boolean wide = type == DType.FLOAT64;
      ConjugateGradient cg = ConjugateGradient.converging(wide ? 1e-12 : 1e-5, 60);
      Lsmr lsmr = new Lsmr(wide ? 1e-13 : 1e-6, wide ? 1e-13 : 1e-6, 1e8, 100);
      for (Kind kind : Kind.values()) {
        for (Rows rows : Rows.values()) {
          cases.add(new Case("exact", new ExactSolver(), kind, type, rows));
          cases.add(new Case("CG", cg, kind, type, rows));
          cases.add(
              new Case(
                  "CG, estimated norms", cg.withScaling(RowScaling.ESTIMATED), kind, type, rows));
          cases.add(
              new Case(
                  "CG, Nystroem",
                  cg.withPreconditioner(Preconditioner.nystrom(4)),
                  kind,
                  type,
                  rows));
          cases.add(new Case("LSMR", lsmr, kind, type, rows));
          cases.add(
              new Case(
                  "LSMR, estimated norms",
                  lsmr.withScaling(RowScaling.ESTIMATED),
                  kind,
                  type,
                  rows));
        }
      }
    }
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void findsTheImageThatTheSingularVectorsSpan(Case given) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5)) {
      Tensor wide = rows(given.rows(), rng);
      Tensor u = Tensor.randn(rng, DType.FLOAT64, VECTORS, COLUMNS);
      if (given.rows() == Rows.ZERO_VECTORS) {
        u.zero_();
      } else if (given.rows() == Rows.SOME_ZERO_VECTORS) {
        u.select(0, 1).zero_();
      }
      Tensor matrix = wide.to(given.type());
      Tensor vectors = u.to(given.type());
      try (LinearOperator operator = operator(given.kind(), matrix)) {
        PreparedSolver solver = given.solver().prepare(operator);
        Solution solution = solver.leastSquares(vectors);
        Tensor image = operator.rmatvec(solution.x()).to(DType.FLOAT64);

        Tensor expected = image(matrix.to(DType.FLOAT64), vectors.to(DType.FLOAT64));
        double error = image.sub(expected).norm().item();
        double allowed = given.type() == DType.FLOAT64 ? 1e-9 : 1e-4;
        assertThat(error).isLessThan(allowed * Math.max(1, expected.norm().item()));
        assertThat(solution.status()).isIn(expectedStatuses(given));
        assertThat(solution.status().isSuccessful()).isTrue();
        assertThat(solution.relativeResidual()).isLessThan(allowed);
        for (int s = 0; s < VECTORS; s++) {
          Tensor alone = solver.leastSquares(vectors.narrow(0, s, 1)).x();
          Tensor difference = operator.rmatvec(alone).to(DType.FLOAT64).sub(image.narrow(0, s, 1));
          assertThat(difference.norm().item()).isLessThan(allowed * 10);
        }
      }
    }
  }

  private static Set<SolverStatus> expectedStatuses(Case given) {
    boolean none = given.rows() == Rows.ZERO_VECTORS;
    if (given.solver() instanceof ExactSolver) {
      boolean deficient = given.rows() == Rows.REPEATED || given.rows() == Rows.ZERO_ROW;
      return EnumSet.of(deficient ? SolverStatus.RANK_DEFICIENT : SolverStatus.FULL_RANK);
    }
    if (none) {
      return EnumSet.of(SolverStatus.ZERO_RIGHT_HAND_SIDE);
    }
    return given.solver() instanceof Lsmr
        ? EnumSet.of(SolverStatus.LEAST_SQUARES)
        : EnumSet.of(SolverStatus.CONVERGED);
  }

  private static Tensor rows(Rows kind, Rng rng) {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, ROWS, COLUMNS);
    switch (kind) {
      case REPEATED -> rows.select(0, 4).copy_(rows.select(0, 2).mul(3.0));
      case ZERO_ROW -> rows.select(0, 3).zero_();
      case WILD_NORMS ->
          rows.mul_(Tensor.of(new double[] {1e-6, 1, 1e5, 3, 1e-3, 1e2, 1e-5, 7, 1e4}, ROWS, 1));
      default -> {}
    }
    return rows;
  }

  private static LinearOperator operator(Kind kind, Tensor matrix) {
    Tensor origin = Tensor.zeros(new long[] {matrix.size(1)}, matrix.dtype(), matrix.device());
    return switch (kind) {
      case DENSE -> LinearOperator.of(matrix);
      case MATRIX_FREE -> new Plain(LinearOperator.of(matrix));
      case JACOBIAN -> LinearOperator.jacobian(matrix::mv, origin);
      case JACOBIAN_IN_PIECES -> LinearOperator.jacobian(matrix::mv, origin, 2000);
    };
  }

  /** An operator of which nothing but its products is known. */
  private record Plain(DenseOperator inner) implements LinearOperator {
    @Override
    public long rows() {
      return inner.rows();
    }

    @Override
    public long columns() {
      return inner.columns();
    }

    @Override
    public DType dtype() {
      return inner.dtype();
    }

    @Override
    public dev.viking.torch.Device device() {
      return inner.device();
    }

    @Override
    public Tensor matvec(Tensor vectors) {
      return inner.matvec(vectors);
    }

    @Override
    public Tensor rmatvec(Tensor vectors) {
      return inner.rmatvec(vectors);
    }
  }

  /** V_r V_r^T u with the right singular vectors of the rows scaled to norm one. */
  private static Tensor image(Tensor rows, Tensor u) {
    Tensor norms = rows.vectorNorm(2, new long[] {1}, true);
    Tensor scaled = rows.div(norms.maskedFill(norms.eq(0.0), 1.0));
    Tensor.Svd svd = scaled.svd(false);
    double[] values = svd.s().toDoubleArray();
    int rank = 0;
    while (rank < values.length && values[rank] > 1e-6 * values[0]) {
      rank++;
    }
    Tensor basis = svd.vh().narrow(0, 0, rank);
    return u.matmul(basis.t()).matmul(basis);
  }

  @Test
  void aPreconditionerSavesIterations() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(7)) {
      // Rows that share twenty directions of strengths from 1 to 100, and little else: plain
      // conjugate gradients spend iterations on each of these.
      Tensor common = Tensor.randn(rng, DType.FLOAT64, 20, 3000);
      Tensor strength = Tensor.arange(0.0, 2.0, 0.1, DType.FLOAT64).mul(Math.log(10)).exp();
      Tensor rows =
          Tensor.randn(rng, DType.FLOAT64, 60, 20)
              .mul(strength)
              .matmul(common)
              .add(Tensor.randn(rng, DType.FLOAT64, 60, 3000));
      LinearOperator operator = new Plain(LinearOperator.of(rows));
      Tensor u = Tensor.randn(rng, DType.FLOAT64, 2, 3000);
      ConjugateGradient plain = ConjugateGradient.converging(1e-8, 200);
      Solution without = plain.prepare(operator).leastSquares(u);
      Solution with =
          plain.withPreconditioner(Preconditioner.nystrom(30)).prepare(operator).leastSquares(u);
      assertThat(without.status()).isEqualTo(SolverStatus.CONVERGED);
      assertThat(with.status()).isEqualTo(SolverStatus.CONVERGED);
      assertThat(with.iterations()).isLessThan(without.iterations());
      Tensor difference = with.x().sub(without.x()).matmul(rows);
      assertThat(difference.norm().item()).isLessThan(1e-4);
    }
  }

  @Test
  void scalingMattersAndIsDeclared() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5)) {
      Tensor rows = rows(Rows.WILD_NORMS, rng);
      Tensor u = Tensor.randn(rng, DType.FLOAT64, 1, COLUMNS);
      LinearOperator operator = new Plain(LinearOperator.of(rows));
      ConjugateGradient solver = ConjugateGradient.converging(1e-10, 60);
      for (RowScaling scaling : new RowScaling[] {RowScaling.EXACT, RowScaling.ESTIMATED}) {
        Solution solution = solver.withScaling(scaling).prepare(operator).leastSquares(u);
        assertThat(solution.status()).isEqualTo(SolverStatus.CONVERGED);
        assertThat(solution.iterations()).as(scaling.name()).isLessThanOrEqualTo(ROWS + 2);
      }
      Tensor unscaled =
          solver.withScaling(RowScaling.NONE).prepare(operator).leastSquares(u).x().matmul(rows);
      assertThat(unscaled.sub(image(rows, u)).norm().item())
          .as("small rows are not seen without scaling")
          .isGreaterThan(1e-3);
      RowScaled normalised = RowScaled.normalised(operator, RowScaling.EXACT);
      Tensor units = normalised.rmatvec(Tensor.eye(ROWS, DType.FLOAT64, rows.device()));
      assertThat(units.vectorNorm(2, new long[] {1}, false).sub(1.0).abs().max().item())
          .isLessThan(1e-14);
    }
  }

  @Test
  void theGramMatrixOfAFunctionInPanelsIsThatOfItsRows() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(3)) {
      Tensor matrix = Tensor.randn(rng, DType.FLOAT32, ROWS, COLUMNS);
      Tensor origin = Tensor.zeros(DType.FLOAT32, COLUMNS);
      Tensor wide = matrix.to(DType.FLOAT64);
      Tensor expected = wide.matmul(wide.t());
      for (long memory : new long[] {1, 4 * 2 * 4 * COLUMNS, 1L << 20}) {
        try (JacobianOperator jacobian = LinearOperator.jacobian(matrix::mv, origin, memory)) {
          assertThat(jacobian.gram().sub(expected).abs().max().item()).isLessThan(1e-12);
          assertThat(jacobian.rows(2, 3).sub(matrix.narrow(0, 2, 3)).abs().max().item()).isZero();
        }
      }
    }
  }
}
