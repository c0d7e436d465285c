package dev.viking.posterior;

/** The stages of training, in their order. */
public enum Stage {
  /** Maximum likelihood (or MAP, with a prior precision) on the mean alone. */
  MLE,
  /** The two scales alone, at the mean that the first stage found. */
  SIGMAS,
  /** Mean and scales together. */
  ELBO
}
