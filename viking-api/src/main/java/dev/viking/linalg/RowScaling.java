package dev.viking.linalg;

/**
 * Whether an iterative solver scales the rows of its operator to norm one first, and where the
 * norms come from. Neither the least-squares image A^T x nor the projection depends on it; how many
 * iterations they take does, by orders of magnitude where norms differ by orders of magnitude.
 */
public enum RowScaling {
  /**
   * The rows' own norms; an operator that is not dense is asked for its rows, a chunk at a time.
   */
  EXACT,
  /**
   * Norms estimated by products with {@value RowNorms#PROBES} random vectors drawn from a fixed
   * seed, within a factor of two nearly always, which is all that scaling needs. Costs that many
   * forward-mode products in place of n reverse-mode ones. Dense operators use their own norms.
   */
  ESTIMATED,
  /** Rows as they are. */
  NONE
}
