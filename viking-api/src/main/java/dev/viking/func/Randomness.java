package dev.viking.func;

/** What random operators do under {@code vmap}. */
public enum Randomness {
  /** They are refused. */
  ERROR(0),
  /** All examples get the same numbers. */
  SAME(1),
  /** Each example gets numbers of its own. */
  DIFFERENT(2);

  private final int code;

  Randomness(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }
}
