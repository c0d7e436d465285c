package dev.viking.posterior;

/** How a model predicts with a posterior sample theta_s. */
public enum Predictions {
  /** f(theta_s, x). */
  SAMPLED,
  /**
   * f(mean, x) + J_f(mean, x) (theta_s - mean): the model linearised in its parameters at the
   * posterior mean.
   */
  LINEARISED
}
