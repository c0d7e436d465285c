package dev.viking.posterior;

/**
 * What the gradient of the objective knows of the projection moving with the mean.
 *
 * <p>For a sample with noise u and cotangent w of P u, let k = P u, lambda = K^-1 J u, q = P w and
 * mu = K^-1 J w. The mean receives minus the gradient of mu^T J k + lambda^T J q in J's parameters,
 * H(mu) k + H(lambda) q with H(x) the Hessians of the rows weighted by x: a bilinear form, so two
 * Hessian-vector products.
 */
public enum ProjectionGradient {
  /** Both products: the gradient of the objective. */
  EXACT,

  /**
   * None: what is proportional to sigma_ker - sigma_im is left out, and the result is not the
   * gradient of the objective.
   */
  NONE
}
