package dev.viking.linalg;

import dev.viking.internal.Arguments;
import dev.viking.torch.DType;

/**
 * Solves by factorising the Gram matrix of the normalised rows in float64.
 *
 * <p>Per-example gradients of a trained classifier differ in norm by many decades, and the
 * projection does not depend on these norms; so each row is divided by its norm first (zero rows
 * drop out). Directions whose eigenvalue, relative to the largest one, is at or below {@code
 * cutoff} are taken as dependent. The matrix is factorised by Cholesky when a bound computed from
 * the factor proves that no eigenvalue is that small, and by its eigenvectors otherwise.
 *
 * <p>The default cut-off is 1e-5 for rows of float32 or narrower types and 1e-12 for float64 rows.
 * Eigenvalues of the Gram matrix are squares of singular values, so 1e-5 keeps every direction down
 * to 3e-3 of the largest singular value: far above the 1e-7 to which float32 rows are known, and
 * low enough that the derivative of the projection, which grows like one over the smallest singular
 * value kept, stays bounded. 1e-12 keeps directions down to 1e-6 and stays three decades above the
 * rounding of the float64 Gram matrix.
 *
 * @param cutoff relative to the largest eigenvalue; NaN stands for the default of the rows' type
 * @param refinements how often the projection of float64 vectors is improved with its own residual;
 *     narrower types have nothing to gain, their residual is the rounding of the result
 */
public record ExactSolver(double cutoff, int refinements) implements Solver {
  private static final double NARROW_CUTOFF = 1e-5;
  private static final double WIDE_CUTOFF = 1e-12;

  /**
   * Checks the settings.
   *
   * @throws dev.viking.torch.ArgumentException when the cut-off is not in (0, 1) or NaN, or the
   *     refinements are negative
   */
  public ExactSolver {
    if (!Double.isNaN(cutoff)) {
      Arguments.positive("ExactSolver", "cutoff", cutoff);
      Arguments.positive("ExactSolver", "1 - cutoff", 1 - cutoff);
    }
    Arguments.atLeast("ExactSolver", "refinements", refinements, 0);
  }

  /** The default cut-off of the rows' type and one refinement. */
  public ExactSolver() {
    this(Double.NaN, 1);
  }

  /**
   * Another cut-off.
   *
   * @param relative eigenvalues at or below this share of the largest count as zero; in (0, 1)
   * @return a solver with this cut-off
   */
  public ExactSolver withCutoff(double relative) {
    return new ExactSolver(relative, refinements);
  }

  /**
   * The cut-off used for rows of a type.
   *
   * @param rows the rows' element type
   * @return the configured cut-off, or the type's default
   */
  public double cutoff(DType rows) {
    if (!Double.isNaN(cutoff)) {
      return cutoff;
    }
    return rows == DType.FLOAT64 ? WIDE_CUTOFF : NARROW_CUTOFF;
  }

  @Override
  public PreparedSolver prepare(LinearOperator operator) {
    return GramFactor.of(operator, cutoff(operator.dtype()), refinements);
  }
}
