package dev.viking.func;

/**
 * How a Hessian-vector product composes two derivatives; the results are the same up to rounding.
 */
public enum HvpMode {
  /**
   * The gradient of a vector product of the gradient. Every operator with a second derivative
   * allows it.
   */
  REVERSE_OVER_REVERSE(0),
  /**
   * The directional derivative of the gradient. Often faster; needs forward rules for the backward
   * operators.
   */
  FORWARD_OVER_REVERSE(1);

  private final int code;

  HvpMode(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }
}
