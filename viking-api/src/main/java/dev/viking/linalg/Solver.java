package dev.viking.linalg;

/**
 * A configured way to solve the normal equations (A A^T) x = A u, that is min |A^T x - u|;
 * immutable, shared freely.
 *
 * <p>{@link ExactSolver} factorises, {@link ConjugateGradient} and {@link Lsmr} iterate with
 * products only.
 */
public sealed interface Solver permits ExactSolver, ConjugateGradient, Lsmr {

  /**
   * Does once what all solves with one operator share.
   *
   * @param operator A, [n, D]; borrowed for as long as the result is used
   * @return the solver of this operator; its tensors belong to the current scope
   * @throws dev.viking.torch.LinalgException when A holds NaN or infinite values and the solver
   *     needs to look
   */
  PreparedSolver prepare(LinearOperator operator);
}
