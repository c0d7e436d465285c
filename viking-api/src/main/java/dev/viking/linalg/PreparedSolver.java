package dev.viking.linalg;

import dev.viking.torch.Tensor;
import java.util.Optional;
import java.util.OptionalLong;

/** A solver prepared for one operator A: solves with it as often as asked. */
public interface PreparedSolver {

  /**
   * The operator that this solver was prepared for.
   *
   * @return A
   */
  LinearOperator operator();

  /**
   * Finds x that minimises |A^T x - u|, that is (A A^T) x = A u, for S vectors at once.
   *
   * @param vectors u, [S, D]
   * @return x, [S, n], with how the solve ended
   * @throws dev.viking.torch.ShapeException when the shape is another
   */
  default Solution leastSquares(Tensor vectors) {
    return leastSquares(vectors, operator().matvec(vectors));
  }

  /**
   * The same for a caller who has the products A u already.
   *
   * @param vectors u, [S, D]
   * @param products A u, [S, n]
   * @return x, [S, n], with how the solve ended
   * @throws dev.viking.torch.ShapeException when a shape is another
   */
  Solution leastSquares(Tensor vectors, Tensor products);

  /**
   * The numerical rank of A; waits for a device that has not told yet.
   *
   * @return the rank, or empty for a solver that does not learn it
   */
  OptionalLong rank();

  /**
   * The numerical rank of A, left on the device.
   *
   * @return 0-dimensional float64, or empty for a solver that does not learn it; NaN where A holds
   *     NaN or infinite values and the device was not waited for
   */
  default Optional<Tensor> rankTensor() {
    return Optional.empty();
  }

  /**
   * A factor of the pseudo-inverse of the Gram matrix; no device is waited for.
   *
   * @return F, [n, c] in float64 with (A A^T)^+ = F F^T and at least as many columns as A has rank,
   *     so that V = F^T A has V^T V, the projection onto A's row space, and V V^T, a projection of
   *     that rank (the identity where c is the rank); empty for a solver that does not factorise
   */
  default Optional<Tensor> pseudoInverseFactor() {
    return Optional.empty();
  }

  /**
   * How many times a projection of float64 vectors should be improved with its own residual.
   *
   * @return 0 for solvers whose result is to be taken as it comes
   */
  int refinements();
}
