package dev.viking.linalg;

/** How a solve ended, and what to do when that was not wanted. */
public enum SolverStatus {
  /** Solved by a factorisation of a matrix of full rank. */
  FULL_RANK("solved by factorisation; the rows are independent", true),
  /** Solved by the pseudo-inverse: some rows are (nearly) combinations of others, or zero. */
  RANK_DEFICIENT(
      "solved by the pseudo-inverse on the directions above the cut-off; repeated or zero rows are"
          + " harmless, for nearly dependent rows that should count use float64 or a smaller"
          + " cut-off",
      true),
  /**
   * Solved by a factorisation on a device that nothing waited for; whether rows depend on each
   * other is in the rank.
   */
  FACTORISED(
      "solved by the pseudo-inverse on the directions above the cut-off, of which the device knows"
          + " the number; ask for the rank",
      true),
  /** An iteration met its stopping rule. */
  CONVERGED("the stopping rule is met", true),
  /** The right-hand side is zero, so x = 0 is exact. */
  ZERO_RIGHT_HAND_SIDE("the right-hand side is zero and so is the solution", true),
  /** The least-squares stopping rule is met: the right-hand side does not lie in the range. */
  LEAST_SQUARES("the least-squares stopping rule is met", true),
  /**
   * A fixed number of steps was run, without any stopping rule; the residual says how good that is.
   */
  FIXED_STEPS(
      "ran its fixed number of steps, which has no stopping rule; read the residual, and take more"
          + " steps or ExactSolver when it is too large",
      true),
  /** The iteration limit was reached first. */
  ITERATION_LIMIT(
      "stopped at the iteration limit before the stopping rule was met; raise the limit, loosen the"
          + " tolerance, scale the rows to equal norms, or use ExactSolver when the rows fit in"
          + " memory",
      false),
  /** The operator looks singular or too badly conditioned. */
  ILL_CONDITIONED(
      "the estimated condition number exceeds its limit; scale the rows to equal norms, raise the"
          + " limit, or use ExactSolver, which drops the directions below its cut-off",
      false),
  /** A curvature that must be positive was not: the working precision is used up. */
  BREAKDOWN(
      "the search direction has no curvature left in the working precision; the solution so far is"
          + " kept; use ExactSolver or float64",
      false),
  /** NaN or infinite values appeared. */
  NOT_FINITE(
      "NaN or infinite values appeared; check the rows, the vectors and the learning rate", false);

  private final String advice;
  private final boolean successful;

  SolverStatus(String advice, boolean successful) {
    this.advice = advice;
    this.successful = successful;
  }

  /** The worst of several; a zero right-hand side counts only where all are zero. */
  static SolverStatus worst(SolverStatus... statuses) {
    SolverStatus worst = FULL_RANK;
    boolean allZero = true;
    for (SolverStatus status : statuses) {
      allZero &= status == ZERO_RIGHT_HAND_SIDE;
      if (status != ZERO_RIGHT_HAND_SIDE && status.compareTo(worst) > 0) {
        worst = status;
      }
    }
    return allZero ? ZERO_RIGHT_HAND_SIDE : worst;
  }

  /**
   * What happened and what to do about it.
   *
   * @return a sentence for a log
   */
  public String advice() {
    return advice;
  }

  /**
   * Whether the solver did what it was configured to do.
   *
   * @return false when the result should not be relied on without a look at its residual
   */
  public boolean isSuccessful() {
    return successful;
  }
}
