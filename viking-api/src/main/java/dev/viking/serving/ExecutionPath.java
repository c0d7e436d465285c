package dev.viking.serving;

/** What computes a predictor's results. */
public enum ExecutionPath {
  /** Native loops over repacked weights: one call, no garbage. */
  COMPILED,
  /** libtorch, sample after sample: any model, any device; makes Java objects. */
  LIBTORCH
}
