package dev.viking.linalg;

/**
 * Conjugate gradients on the normal equations (A A^T) x = A u, for any number of right-hand sides
 * at once.
 *
 * <p>{@code new ConjugateGradient(10, true)} is the paper's solver, step by step as its authors run
 * it: a fixed number of steps from zero, no preconditioner, no stopping rule, after every step one
 * classical Gram-Schmidt sweep of the residual against all earlier normalised residuals, and their
 * guarded division (denominators at or below the square of the type's epsilon are replaced by one).
 * On rows of very different norms it is a soft filter, not a projection.
 *
 * <p>{@link #converging} stops by a rule, reorthogonalises twice and reports how it ended; with
 * rows that are there it scales them to norm one, which the solution undoes.
 *
 * @param steps how many steps to take, or the most of them
 * @param reorthogonalise whether residuals are kept orthogonal to the earlier ones
 * @param tolerance relative residual to stop at, or NaN for no stopping rule
 */
public record ConjugateGradient(int steps, boolean reorthogonalise, double tolerance)
    implements Solver {

  /**
   * Checks the settings.
   *
   * @throws dev.viking.torch.ArgumentException when the steps are not positive, or the tolerance is
   *     neither positive nor NaN
   */
  public ConjugateGradient {
    Checks.atLeast("ConjugateGradient", "steps", steps, 1);
    if (!Double.isNaN(tolerance)) {
      Checks.positive("ConjugateGradient", "tolerance", tolerance);
    }
  }

  /**
   * A fixed number of steps, as in the paper.
   *
   * @param steps how many
   * @param reorthogonalise whether to sweep after each step
   */
  public ConjugateGradient(int steps, boolean reorthogonalise) {
    this(steps, reorthogonalise, Double.NaN);
  }

  /**
   * Steps until the relative residual is small enough.
   *
   * @param tolerance relative residual |r - K x| / |r| to stop at, per right-hand side
   * @param maxSteps the most steps to take
   * @return the solver
   */
  public static ConjugateGradient converging(double tolerance, int maxSteps) {
    Checks.positive("ConjugateGradient.converging", "tolerance", tolerance);
    return new ConjugateGradient(maxSteps, true, tolerance);
  }

  @Override
  public PreparedSolver prepare(LinearOperator operator) {
    return Double.isNaN(tolerance)
        ? new FixedStepConjugateGradient(operator, steps, reorthogonalise)
        : new ConvergingConjugateGradient(operator, steps, reorthogonalise, tolerance);
  }
}
