package dev.viking.posterior;

/** Where the dimension R of the kernel comes from; the gradient never flows through it. */
public enum RankEstimator {
  /**
   * D minus the numerical rank of the minibatch's Jacobian; needs {@link
   * dev.viking.linalg.ExactSolver}.
   */
  EXACT,
  /**
   * The authors' estimate: the mean over samples of the inner product of u and P u, at most D - 1.
   * Its standard deviation is sqrt(2 R / S), often larger than the D - R that it is to find.
   */
  HUTCHINSON,
  /**
   * D minus the mean over samples of |u - P u|^2, whose standard deviation is only sqrt(2 (D - R) /
   * S).
   */
  IMAGE_NORM
}
