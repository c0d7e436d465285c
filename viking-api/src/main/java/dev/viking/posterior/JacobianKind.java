package dev.viking.posterior;

/** Whose Jacobian's kernel is kept free. */
public enum JacobianKind {
  /** One row per example: the gradient of its loss. B rows. */
  LOSS,
  /** One row per output of each example, example by example. B C rows. */
  FUNCTION
}
