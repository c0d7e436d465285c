package dev.viking.examples;

/** How faithfully training follows the authors' released experiments. */
enum Mode {
  /** Exact projection and rank, unbiased weight of the KL divergence. */
  EXACT("exact"),
  /** Ten steps of conjugate gradients, Hutchinson's rank, the authors' fixed weight. */
  PAPER("paper");

  private final String text;

  Mode(String text) {
    this.text = text;
  }

  /** The mode of a name. */
  static Mode of(String name) {
    for (Mode mode : values()) {
      if (mode.text.equals(name)) {
        return mode;
      }
    }
    throw new UsageException("--mode: " + name + " given; exact or paper is needed");
  }

  @Override
  public String toString() {
    return text;
  }
}
