package dev.viking.linalg;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LinalgException;
import dev.viking.torch.Op;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Rows with a factor F, [n, r], of the pseudo-inverse of their Gram matrix: K^+ = F F^T.
 *
 * <p>With rows scaled to norm one, S K S = L L^T gives F = S L^-T, and S K S = V W V^T gives F = S
 * V W^-1/2 on the eigenvalues above the cut-off. Whether Cholesky may be used is decided without
 * the eigenvalues: the trace of the inverse bounds the smallest one from below, the Frobenius norm
 * bounds the largest one from above.
 *
 * <p>On the CPU all of this is one call ({@code viking::gram_factor}), and the rank is known when
 * it returns. Elsewhere {@link SpectralFactor} makes the factor without anything that the host
 * would wait for, and the rank stays on the device until somebody asks for the number.
 */
final class GramFactor implements PreparedSolver {
  private static final Op FACTOR = Op.of("viking::gram_factor", "");
  private static final Op SOLVE = Op.of("viking::gram_solve", "");
  private static final long UNKNOWN = -1;

  private final LinearOperator rows;
  private final Tensor gram;
  private final Tensor factor;
  private final Tensor rank;
  private final long knownRank;
  private final int refinements;

  private GramFactor(
      LinearOperator rows,
      Tensor gram,
      Tensor factor,
      Tensor rank,
      long knownRank,
      int refinements) {
    this.rows = rows;
    this.gram = gram;
    this.factor = factor;
    this.rank = rank;
    this.knownRank = knownRank;
    this.refinements = refinements;
  }

  static GramFactor of(LinearOperator rows, double cutoff, int refinements) {
    return isOnCpu(rows)
        ? onCpu(rows, cutoff, refinements)
        : withoutWaiting(rows, cutoff, refinements);
  }

  private static GramFactor onCpu(LinearOperator rows, double cutoff, int refinements) {
    try (Scope scope = Scope.open()) {
      Tensor gram = rows.gram();
      List<Tensor> results =
          FACTOR.callAll(gram, cutoff).stream().map(Objects::requireNonNull).toList();
      Tensor rank = results.get(1);
      return new GramFactor(
          rows,
          scope.keep(gram),
          scope.keep(results.get(0)),
          scope.keep(rank),
          finite(rank.item(), rows),
          refinements);
    }
  }

  /** For any device, the CPU included: no value is read. */
  static GramFactor withoutWaiting(LinearOperator rows, double cutoff, int refinements) {
    try (Scope scope = Scope.open()) {
      Tensor gram = rows.gram();
      SpectralFactor made = SpectralFactor.of(gram, cutoff);
      return new GramFactor(
          rows,
          scope.keep(gram),
          scope.keep(made.factor()),
          scope.keep(made.rank()),
          UNKNOWN,
          refinements);
    }
  }

  private static boolean isOnCpu(LinearOperator rows) {
    return rows.device().type() == Device.Type.CPU;
  }

  private static long finite(double rank, LinearOperator rows) {
    if (Double.isNaN(rank)) {
      throw new LinalgException(
          "ExactSolver: the rows, "
              + rows.rows()
              + " of length "
              + rows.columns()
              + ", hold NaN or infinite values, or their squares overflow; finite rows are"
              + " needed");
    }
    return Math.round(rank);
  }

  @Override
  public LinearOperator operator() {
    return rows;
  }

  @Override
  public Solution leastSquares(Tensor vectors, Tensor products) {
    Checks.vectors("PreparedSolver.leastSquares", vectors, rows.columns(), rows);
    try (Scope scope = Scope.open()) {
      Tensor rightSide = products.to(DType.FLOAT64);
      Tensor x = rightSide.matmul(factor).matmul(factor.t());
      Tensor residual = Residuals.relative(rightSide.sub(x.matmul(gram)), rightSide);
      return new Solution(scope.keep(x.to(rows.dtype())), status(), 0, scope.keep(residual));
    }
  }

  /** The solution alone, without the residual of the small system. */
  Tensor solve(Tensor products) {
    if (isOnCpu(rows) && !products.isWrapped()) {
      return SOLVE.call(products, factor);
    }
    try (Scope scope = Scope.open()) {
      Tensor x = products.to(DType.FLOAT64).matmul(factor).matmul(factor.t());
      return scope.keep(x.to(rows.dtype()));
    }
  }

  SolverStatus status() {
    if (knownRank == UNKNOWN) {
      return SolverStatus.FACTORISED;
    }
    return knownRank == rows.rows() ? SolverStatus.FULL_RANK : SolverStatus.RANK_DEFICIENT;
  }

  @Override
  public OptionalLong rank() {
    return OptionalLong.of(knownRank == UNKNOWN ? finite(rank.item(), rows) : knownRank);
  }

  @Override
  public Optional<Tensor> rankTensor() {
    return Optional.of(rank);
  }

  @Override
  public Optional<Tensor> pseudoInverseFactor() {
    return Optional.of(factor);
  }

  @Override
  public int refinements() {
    return refinements;
  }
}
