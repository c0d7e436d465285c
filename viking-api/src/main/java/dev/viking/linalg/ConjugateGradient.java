package dev.viking.linalg;

import dev.viking.internal.Arguments;
import dev.viking.torch.ArgumentException;

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
 * <p>{@link #converging} stops each right-hand side by a rule, reorthogonalises twice, checks the
 * true residual at the end and reports how it ended. It scales the rows to norm one, which the
 * solution undoes; {@link #withScaling} says where the norms come from when the rows are not there,
 * {@link #withPreconditioner} adds a preconditioner. One small read per iteration waits for the
 * device, however many right-hand sides there are.
 *
 * @param steps how many steps to take, or the most of them
 * @param reorthogonalise whether residuals are kept orthogonal to the earlier ones
 * @param tolerance relative residual to stop at, or NaN for no stopping rule
 * @param scaling how rows are scaled; not with a fixed number of steps
 * @param preconditioner what else is done to the rows; not with a fixed number of steps
 */
public record ConjugateGradient(
    int steps,
    boolean reorthogonalise,
    double tolerance,
    RowScaling scaling,
    Preconditioner preconditioner)
    implements Solver {

  /**
   * Checks the settings.
   *
   * @throws dev.viking.torch.ArgumentException when the steps are not positive, or the tolerance is
   *     neither positive nor NaN, or rows are scaled or preconditioned without a tolerance
   */
  public ConjugateGradient {
    Arguments.atLeast("ConjugateGradient", "steps", steps, 1);
    if (!Double.isNaN(tolerance)) {
      Arguments.positive("ConjugateGradient", "tolerance", tolerance);
    } else if (scaling != RowScaling.NONE || !preconditioner.equals(Preconditioner.NONE)) {
      throw new ArgumentException(
          "ConjugateGradient: scaling is "
              + scaling
              + " and preconditioner "
              + preconditioner
              + " with a fixed number of steps, which are the paper's; use"
              + " ConjugateGradient.converging");
    }
  }

  /**
   * Without a preconditioner; with a tolerance, rows are scaled by their own norms.
   *
   * @param steps how many steps to take, or the most of them
   * @param reorthogonalise whether residuals are kept orthogonal to the earlier ones
   * @param tolerance relative residual to stop at, or NaN for no stopping rule
   */
  public ConjugateGradient(int steps, boolean reorthogonalise, double tolerance) {
    this(
        steps,
        reorthogonalise,
        tolerance,
        Double.isNaN(tolerance) ? RowScaling.NONE : RowScaling.EXACT,
        Preconditioner.NONE);
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
    Arguments.positive("ConjugateGradient.converging", "tolerance", tolerance);
    return new ConjugateGradient(maxSteps, true, tolerance);
  }

  /**
   * Chooses how rows are scaled.
   *
   * @param other where the norms come from
   * @return a solver that differs in this only
   */
  public ConjugateGradient withScaling(RowScaling other) {
    return new ConjugateGradient(steps, reorthogonalise, tolerance, other, preconditioner);
  }

  /**
   * Chooses the preconditioner.
   *
   * @param other what is done to the scaled rows
   * @return a solver that differs in this only
   */
  public ConjugateGradient withPreconditioner(Preconditioner other) {
    return new ConjugateGradient(steps, reorthogonalise, tolerance, scaling, other);
  }

  @Override
  public PreparedSolver prepare(LinearOperator operator) {
    return Double.isNaN(tolerance)
        ? new FixedStepConjugateGradient(operator, steps, reorthogonalise)
        : new ConvergingConjugateGradient(operator, this);
  }
}
