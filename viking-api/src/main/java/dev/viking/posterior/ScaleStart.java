package dev.viking.posterior;

/** Where the scales start when the first stage is over. */
public enum ScaleStart {
  /** At the numbers that the options give. */
  GIVEN,
  /**
   * At the optimum of the objective's quadratic approximation at the mean, in closed form: the
   * curvature (the generalised Gauss-Newton matrix's, in the kernel and in the image) is measured
   * on a few minibatches, and each scale balances it with the prior. Without curvature this is the
   * optimum of the KL divergence alone.
   */
  CURVATURE
}
