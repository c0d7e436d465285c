package dev.viking.linalg;

import dev.viking.torch.DType;
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
 */
final class GramFactor implements PreparedSolver {
  private static final Op CHOLESKY = Op.of("aten::linalg_cholesky_ex", "");

  private final LinearOperator rows;
  private final Tensor gram;
  private final Tensor factor;
  private final long rank;
  private final int refinements;

  private GramFactor(LinearOperator rows, Tensor gram, Tensor factor, long rank, int refinements) {
    this.rows = rows;
    this.gram = gram;
    this.factor = factor;
    this.rank = rank;
    this.refinements = refinements;
  }

  static GramFactor of(LinearOperator rows, double cutoff, int refinements) {
    try (Scope scope = Scope.open()) {
      Tensor gram = rows.gram();
      Tensor squares = gram.diagonal(0, 0, 1);
      Tensor empty = squares.le(0.0);
      Tensor scale = squares.maskedFill(empty, 1.0).rsqrt().maskedFill(empty, 0.0);
      // A zero row is uncoupled from the others; a one on its diagonal keeps the matrix invertible.
      Tensor normalised =
          gram.mul(scale.unsqueeze(1)).mul(scale).add(empty.to(DType.FLOAT64).diagEmbed());
      long n = rows.rows();
      Tensor identity = Tensor.eye(n, DType.FLOAT64, rows.device());
      List<Tensor> attempt = cholesky(normalised);
      Tensor inverse = attempt.get(0).solveTriangular(identity, false);
      // Everything the host must know to go on, in one read.
      double[] facts =
          Tensor.stack(
                  List.of(
                      attempt.get(1).to(DType.FLOAT64),
                      inverse.square().sum(),
                      normalised.square().sum().sqrt(),
                      empty.to(DType.FLOAT64).sum()),
                  0)
              .toDoubleArray();
      if (!Double.isFinite(facts[2])) {
        throw new LinalgException(
            "ExactSolver: the rows, "
                + n
                + " of length "
                + rows.columns()
                + ", hold NaN or infinite values, or their squares overflow; finite rows are"
                + " needed");
      }
      long zeros = Math.round(facts[3]);
      boolean fullRank = facts[0] == 0 && 1.0 / facts[1] > cutoff * facts[2];
      Tensor factor;
      long rank;
      if (fullRank) {
        factor = inverse.t().mul(scale.unsqueeze(1));
        rank = n - zeros;
      } else {
        Tensor.Eigh eigh = normalised.eigh();
        double[] values = eigh.values().toDoubleArray();
        int first = firstAbove(values, cutoff);
        long kept = n - first;
        Tensor weights = eigh.values().narrow(0, first, kept).rsqrt();
        factor = eigh.vectors().narrow(1, first, kept).mul(weights).mul(scale.unsqueeze(1));
        rank = kept - zeros;
      }
      return new GramFactor(rows, scope.keep(gram), scope.keep(factor), rank, refinements);
    }
  }

  private static List<Tensor> cholesky(Tensor matrix) {
    return CHOLESKY.callAll(matrix, false, false).stream().map(Objects::requireNonNull).toList();
  }

  private static int firstAbove(double[] ascending, double cutoff) {
    double threshold = cutoff * ascending[ascending.length - 1];
    int first = 0;
    while (first < ascending.length && ascending[first] <= threshold) {
      first++;
    }
    return first;
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
      SolverStatus status =
          rank == rows.rows() ? SolverStatus.FULL_RANK : SolverStatus.RANK_DEFICIENT;
      return new Solution(scope.keep(x.to(rows.dtype())), status, 0, scope.keep(residual));
    }
  }

  @Override
  public OptionalLong rank() {
    return OptionalLong.of(rank);
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
