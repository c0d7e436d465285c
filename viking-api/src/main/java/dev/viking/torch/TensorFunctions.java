package dev.viking.torch;

/** Elementary and special functions of each element. */
abstract sealed class TensorFunctions extends TensorArithmetic permits TensorActivations {
  private static final Op EXP = Op.of("aten::exp", "");
  private static final Op EXPM1 = Op.of("aten::expm1", "");
  private static final Op LOG = Op.of("aten::log", "");
  private static final Op LOG1P = Op.of("aten::log1p", "");
  private static final Op LOG2 = Op.of("aten::log2", "");
  private static final Op LOG10 = Op.of("aten::log10", "");
  private static final Op SIN = Op.of("aten::sin", "");
  private static final Op COS = Op.of("aten::cos", "");
  private static final Op TAN = Op.of("aten::tan", "");
  private static final Op ASIN = Op.of("aten::asin", "");
  private static final Op ACOS = Op.of("aten::acos", "");
  private static final Op ATAN = Op.of("aten::atan", "");
  private static final Op ATAN2 = Op.of("aten::atan2", "");
  private static final Op SINH = Op.of("aten::sinh", "");
  private static final Op COSH = Op.of("aten::cosh", "");
  private static final Op TANH = Op.of("aten::tanh", "");
  private static final Op ASINH = Op.of("aten::asinh", "");
  private static final Op ACOSH = Op.of("aten::acosh", "");
  private static final Op ATANH = Op.of("aten::atanh", "");
  private static final Op ERF = Op.of("aten::erf", "");
  private static final Op ERFC = Op.of("aten::erfc", "");
  private static final Op ERFINV = Op.of("aten::erfinv", "");
  private static final Op LGAMMA = Op.of("aten::lgamma", "");
  private static final Op DIGAMMA = Op.of("aten::digamma", "");
  private static final Op LOGADDEXP = Op.of("aten::logaddexp", "");
  private static final Op XLOGY_TENSOR = Op.of("aten::xlogy", "Tensor");

  TensorFunctions(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorFunctions(long borrowedHandle) {
    super(borrowedHandle);
  }

  /**
   * Exponential.
   *
   * @return a new tensor
   */
  public final Tensor exp() {
    return Invoker.of(EXP).tensor(this).one();
  }

  /**
   * Exponential minus one, accurate near zero.
   *
   * @return a new tensor
   */
  public final Tensor expm1() {
    return Invoker.of(EXPM1).tensor(this).one();
  }

  /**
   * Natural logarithm.
   *
   * @return a new tensor
   */
  public final Tensor log() {
    return Invoker.of(LOG).tensor(this).one();
  }

  /**
   * Natural logarithm of one plus the element, accurate near zero.
   *
   * @return a new tensor
   */
  public final Tensor log1p() {
    return Invoker.of(LOG1P).tensor(this).one();
  }

  /**
   * Logarithm to base 2.
   *
   * @return a new tensor
   */
  public final Tensor log2() {
    return Invoker.of(LOG2).tensor(this).one();
  }

  /**
   * Logarithm to base 10.
   *
   * @return a new tensor
   */
  public final Tensor log10() {
    return Invoker.of(LOG10).tensor(this).one();
  }

  /**
   * Sine.
   *
   * @return a new tensor
   */
  public final Tensor sin() {
    return Invoker.of(SIN).tensor(this).one();
  }

  /**
   * Cosine.
   *
   * @return a new tensor
   */
  public final Tensor cos() {
    return Invoker.of(COS).tensor(this).one();
  }

  /**
   * Tangent.
   *
   * @return a new tensor
   */
  public final Tensor tan() {
    return Invoker.of(TAN).tensor(this).one();
  }

  /**
   * Inverse sine.
   *
   * @return a new tensor
   */
  public final Tensor asin() {
    return Invoker.of(ASIN).tensor(this).one();
  }

  /**
   * Inverse cosine.
   *
   * @return a new tensor
   */
  public final Tensor acos() {
    return Invoker.of(ACOS).tensor(this).one();
  }

  /**
   * Inverse tangent.
   *
   * @return a new tensor
   */
  public final Tensor atan() {
    return Invoker.of(ATAN).tensor(this).one();
  }

  /**
   * Angle of the point (other, this).
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor atan2(Tensor other) {
    return Invoker.of(ATAN2).tensor(this).tensor(other).one();
  }

  /**
   * Hyperbolic sine.
   *
   * @return a new tensor
   */
  public final Tensor sinh() {
    return Invoker.of(SINH).tensor(this).one();
  }

  /**
   * Hyperbolic cosine.
   *
   * @return a new tensor
   */
  public final Tensor cosh() {
    return Invoker.of(COSH).tensor(this).one();
  }

  /**
   * Hyperbolic tangent.
   *
   * @return a new tensor
   */
  public final Tensor tanh() {
    return Invoker.of(TANH).tensor(this).one();
  }

  /**
   * Inverse hyperbolic sine.
   *
   * @return a new tensor
   */
  public final Tensor asinh() {
    return Invoker.of(ASINH).tensor(this).one();
  }

  /**
   * Inverse hyperbolic cosine.
   *
   * @return a new tensor
   */
  public final Tensor acosh() {
    return Invoker.of(ACOSH).tensor(this).one();
  }

  /**
   * Inverse hyperbolic tangent.
   *
   * @return a new tensor
   */
  public final Tensor atanh() {
    return Invoker.of(ATANH).tensor(this).one();
  }

  /**
   * Error function.
   *
   * @return a new tensor
   */
  public final Tensor erf() {
    return Invoker.of(ERF).tensor(this).one();
  }

  /**
   * Complementary error function.
   *
   * @return a new tensor
   */
  public final Tensor erfc() {
    return Invoker.of(ERFC).tensor(this).one();
  }

  /**
   * Inverse error function.
   *
   * @return a new tensor
   */
  public final Tensor erfinv() {
    return Invoker.of(ERFINV).tensor(this).one();
  }

  /**
   * Logarithm of the absolute gamma function.
   *
   * @return a new tensor
   */
  public final Tensor lgamma() {
    return Invoker.of(LGAMMA).tensor(this).one();
  }

  /**
   * Derivative of the logarithm of the gamma function.
   *
   * @return a new tensor
   */
  public final Tensor digamma() {
    return Invoker.of(DIGAMMA).tensor(this).one();
  }

  /**
   * {@code log(exp(this) + exp(other))} without overflow.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor logaddexp(Tensor other) {
    return Invoker.of(LOGADDEXP).tensor(this).tensor(other).one();
  }

  /**
   * {@code this * log(other)}, zero where this is zero.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor xlogy(Tensor other) {
    return Invoker.of(XLOGY_TENSOR).tensor(this).tensor(other).one();
  }
}
