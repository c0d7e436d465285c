package dev.viking.torch;

/** What a loss does with the losses of the elements; the codes are libtorch's. */
public enum Reduction {
  /** Keeps one loss for each element. */
  NONE(0),
  /** The mean. */
  MEAN(1),
  /** The sum. */
  SUM(2);

  private final int code;

  Reduction(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }
}
