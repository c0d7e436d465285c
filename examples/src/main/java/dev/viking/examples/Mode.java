package dev.viking.examples;

/** How faithfully training follows the authors' released experiments. */
enum Mode {
  /** Exact projection and rank, unbiased weight of the KL divergence. */
  EXACT,
  /** Ten steps of conjugate gradients, Hutchinson's rank, the authors' fixed weight. */
  PAPER;

  /** The mode of a name. */
  static Mode of(String name) {
    return Choices.of("mode", Mode.class, name);
  }

  @Override
  public String toString() {
    return Choices.key(this);
  }
}
