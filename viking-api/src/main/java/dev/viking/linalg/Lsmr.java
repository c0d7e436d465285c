package dev.viking.linalg;

import dev.viking.internal.Arguments;
import java.util.Objects;

/**
 * LSMR (Fong and Saunders 2011, SIAM J. Sci. Comput. 33, 2950-2971) on min |A^T x - u|: Golub-Kahan
 * bidiagonalisation, with products only, all right-hand sides in step; one small read per iteration
 * waits for the device.
 *
 * <p>It never squares the condition number, as the normal equations do. It scales the rows to norm
 * one, which the solution undoes; {@link #withScaling} says where the norms come from when the rows
 * are not there. Its stopping rules are the paper's: CONVERGED when |A^T x - u| is within {@code
 * btol} |u| + {@code atol} |A| |x|, LEAST_SQUARES when |A (A^T x - u)| is within {@code atol} |A|
 * |A^T x - u|, ILL_CONDITIONED when the estimated condition number exceeds {@code conlim}.
 *
 * @param atol relative tolerance in A
 * @param btol relative tolerance in u
 * @param conlim largest estimated condition number to go on with
 * @param maxIter most iterations
 * @param scaling how rows are scaled
 */
public record Lsmr(double atol, double btol, double conlim, int maxIter, RowScaling scaling)
    implements Solver {

  /**
   * Checks the settings.
   *
   * @throws dev.viking.torch.ArgumentException when a tolerance or a limit is not positive
   */
  public Lsmr {
    Arguments.positive("Lsmr", "atol", atol);
    Arguments.positive("Lsmr", "btol", btol);
    Arguments.positive("Lsmr", "conlim", conlim);
    Arguments.atLeast("Lsmr", "maxIter", maxIter, 1);
    Objects.requireNonNull(scaling, "scaling");
  }

  /**
   * With rows scaled by their own norms.
   *
   * @param atol relative tolerance in A
   * @param btol relative tolerance in u
   * @param conlim largest estimated condition number to go on with
   * @param maxIter most iterations
   */
  public Lsmr(double atol, double btol, double conlim, int maxIter) {
    this(atol, btol, conlim, maxIter, RowScaling.EXACT);
  }

  /**
   * The tolerances of the authors' library, 1e-8 each, a condition limit of 1e8 and at most 10,000
   * iterations.
   */
  public Lsmr() {
    this(1e-8, 1e-8, 1e8, 10_000);
  }

  /**
   * Chooses how rows are scaled.
   *
   * @param other where the norms come from
   * @return a solver that differs in this only
   */
  public Lsmr withScaling(RowScaling other) {
    return new Lsmr(atol, btol, conlim, maxIter, other);
  }

  @Override
  public PreparedSolver prepare(LinearOperator operator) {
    return new PreparedLsmr(operator, this);
  }
}
