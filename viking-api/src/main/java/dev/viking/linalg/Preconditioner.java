package dev.viking.linalg;

import dev.viking.torch.Tensor;

/**
 * A way to find a matrix T, [n, n], such that T A A^T T^T is better conditioned than A A^T. An
 * iterative solver works on the rows T A and returns x = T^T y; the image A^T x stays what it was.
 *
 * <p>Immutable, shared freely; equal when they do the same.
 */
public sealed interface Preconditioner permits NoPreconditioner, NystromPreconditioner {

  /** Nothing beyond the scaling of the rows. */
  Preconditioner NONE = new NoPreconditioner();

  /**
   * The randomised Nystroem preconditioner (Frangella, Tropp and Udell 2023): finds the largest
   * eigenvalues of A A^T by {@code rank} products with random vectors from a fixed seed and brings
   * them down to the smallest of them. Worth its price where a few directions dominate.
   *
   * @param rank eigenvalues to bring down, at least 1
   * @return the preconditioner
   * @throws dev.viking.torch.ArgumentException when the rank is not positive
   */
  static Preconditioner nystrom(int rank) {
    return new NystromPreconditioner(rank);
  }

  /**
   * Looks at an operator.
   *
   * @param operator A, [n, D], its rows scaled; borrowed
   * @return what multiplies its rows
   */
  Transform prepare(LinearOperator operator);

  /** A symmetric matrix T, [n, n], by its products with vectors. */
  @FunctionalInterface
  interface Transform {

    /**
     * T times each of several vectors.
     *
     * @param vectors [S, n]
     * @return [S, n]
     */
    Tensor apply(Tensor vectors);
  }
}
