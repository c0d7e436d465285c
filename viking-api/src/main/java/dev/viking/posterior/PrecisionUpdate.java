package dev.viking.posterior;

/**
 * How the prior's precision alpha is trained.
 *
 * <p>By empirical Bayes alpha is what minimises the KL divergence with mean and other scales given:
 * D / (tr Sigma + |mean|^2), Sigma being the posterior's covariance, where sigma_ker is free; (D -
 * R) / ((D - R) sigma_im^2 + |mean|^2) where it is tied to alpha, which then leaves the data's say
 * in sigma_ker out.
 */
public enum PrecisionUpdate {
  /** By the optimiser, as the other variables; the paper's. */
  GRADIENT,
  /** By empirical Bayes after each step of the second and third stage. */
  EACH_STEP,
  /** By empirical Bayes after each epoch of the second and third stage. */
  EACH_EPOCH
}
