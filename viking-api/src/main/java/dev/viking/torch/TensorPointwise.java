package dev.viking.torch;

import org.jspecify.annotations.Nullable;

/** Operators that work on each element by itself, with broadcasting where there are two tensors. */
abstract sealed class TensorPointwise extends TensorHandle permits TensorReductions {
  private static final Op ADD_TENSOR = Op.of("aten::add", "Tensor");
  private static final Op ADD_SCALAR = Op.of("aten::add", "Scalar");
  private static final Op SUB_TENSOR = Op.of("aten::sub", "Tensor");
  private static final Op SUB_SCALAR = Op.of("aten::sub", "Scalar");
  private static final Op RSUB_TENSOR = Op.of("aten::rsub", "Tensor");
  private static final Op RSUB_SCALAR = Op.of("aten::rsub", "Scalar");
  private static final Op MUL_TENSOR = Op.of("aten::mul", "Tensor");
  private static final Op MUL_SCALAR = Op.of("aten::mul", "Scalar");
  private static final Op DIV_TENSOR = Op.of("aten::div", "Tensor");
  private static final Op DIV_SCALAR = Op.of("aten::div", "Scalar");
  private static final Op FLOOR_DIVIDE = Op.of("aten::floor_divide", "");
  private static final Op REMAINDER_TENSOR = Op.of("aten::remainder", "Tensor");
  private static final Op REMAINDER_SCALAR = Op.of("aten::remainder", "Scalar");
  private static final Op FMOD_SCALAR = Op.of("aten::fmod", "Scalar");
  private static final Op POW_TENSOR_TENSOR = Op.of("aten::pow", "Tensor_Tensor");
  private static final Op POW_TENSOR_SCALAR = Op.of("aten::pow", "Tensor_Scalar");
  private static final Op NEG = Op.of("aten::neg", "");
  private static final Op ABS = Op.of("aten::abs", "");
  private static final Op SIGN = Op.of("aten::sign", "");
  private static final Op SQRT = Op.of("aten::sqrt", "");
  private static final Op RSQRT = Op.of("aten::rsqrt", "");
  private static final Op SQUARE = Op.of("aten::square", "");
  private static final Op RECIPROCAL = Op.of("aten::reciprocal", "");
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
  private static final Op SIGMOID = Op.of("aten::sigmoid", "");
  private static final Op LOG_SIGMOID = Op.of("aten::log_sigmoid", "");
  private static final Op LOGIT = Op.of("aten::logit", "");
  private static final Op RELU = Op.of("aten::relu", "");
  private static final Op GELU = Op.of("aten::gelu", "");
  private static final Op SILU = Op.of("aten::silu", "");
  private static final Op MISH = Op.of("aten::mish", "");
  private static final Op ELU = Op.of("aten::elu", "");
  private static final Op LEAKY_RELU = Op.of("aten::leaky_relu", "");
  private static final Op SOFTPLUS = Op.of("aten::softplus", "");
  private static final Op HARDTANH = Op.of("aten::hardtanh", "");
  private static final Op ERF = Op.of("aten::erf", "");
  private static final Op ERFC = Op.of("aten::erfc", "");
  private static final Op ERFINV = Op.of("aten::erfinv", "");
  private static final Op LGAMMA = Op.of("aten::lgamma", "");
  private static final Op DIGAMMA = Op.of("aten::digamma", "");
  private static final Op FLOOR = Op.of("aten::floor", "");
  private static final Op CEIL = Op.of("aten::ceil", "");
  private static final Op ROUND = Op.of("aten::round", "");
  private static final Op TRUNC = Op.of("aten::trunc", "");
  private static final Op FRAC = Op.of("aten::frac", "");
  private static final Op CLAMP = Op.of("aten::clamp", "");
  private static final Op CLAMP_TENSOR = Op.of("aten::clamp", "Tensor");
  private static final Op CLAMP_MIN = Op.of("aten::clamp_min", "");
  private static final Op CLAMP_MAX = Op.of("aten::clamp_max", "");
  private static final Op MAXIMUM = Op.of("aten::maximum", "");
  private static final Op MINIMUM = Op.of("aten::minimum", "");
  private static final Op HYPOT = Op.of("aten::hypot", "");
  private static final Op LOGADDEXP = Op.of("aten::logaddexp", "");
  private static final Op XLOGY_TENSOR = Op.of("aten::xlogy", "Tensor");
  private static final Op LERP_SCALAR = Op.of("aten::lerp", "Scalar");
  private static final Op ADDCMUL = Op.of("aten::addcmul", "");
  private static final Op ADDCDIV = Op.of("aten::addcdiv", "");
  private static final Op EQ_TENSOR = Op.of("aten::eq", "Tensor");
  private static final Op EQ_SCALAR = Op.of("aten::eq", "Scalar");
  private static final Op NE_TENSOR = Op.of("aten::ne", "Tensor");
  private static final Op NE_SCALAR = Op.of("aten::ne", "Scalar");
  private static final Op LT_TENSOR = Op.of("aten::lt", "Tensor");
  private static final Op LT_SCALAR = Op.of("aten::lt", "Scalar");
  private static final Op LE_TENSOR = Op.of("aten::le", "Tensor");
  private static final Op LE_SCALAR = Op.of("aten::le", "Scalar");
  private static final Op GT_TENSOR = Op.of("aten::gt", "Tensor");
  private static final Op GT_SCALAR = Op.of("aten::gt", "Scalar");
  private static final Op GE_TENSOR = Op.of("aten::ge", "Tensor");
  private static final Op GE_SCALAR = Op.of("aten::ge", "Scalar");
  private static final Op LOGICAL_NOT = Op.of("aten::logical_not", "");
  private static final Op LOGICAL_AND = Op.of("aten::logical_and", "");
  private static final Op LOGICAL_OR = Op.of("aten::logical_or", "");
  private static final Op LOGICAL_XOR = Op.of("aten::logical_xor", "");
  private static final Op ISNAN = Op.of("aten::isnan", "");
  private static final Op ISINF = Op.of("aten::isinf", "");
  private static final Op ISFINITE = Op.of("aten::isfinite", "");
  private static final Op NAN_TO_NUM = Op.of("aten::nan_to_num", "");

  TensorPointwise(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorPointwise(long borrowedHandle) {
    super(borrowedHandle);
  }

  /**
   * Adds another tensor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor add(Tensor other) {
    return Invoker.of(ADD_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Adds a number.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor add(double other) {
    return Invoker.of(ADD_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Adds a whole number, which keeps integer tensors integer.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor add(long other) {
    return Invoker.of(ADD_SCALAR).tensor(this).integer(other).one();
  }

  /**
   * Adds {@code alpha * other}.
   *
   * @param other the other operand
   * @param alpha the factor
   * @return a new tensor
   */
  public final Tensor addScaled(Tensor other, double alpha) {
    return Invoker.of(ADD_TENSOR).tensor(this).tensor(other).number(alpha).one();
  }

  /**
   * Subtracts another tensor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor sub(Tensor other) {
    return Invoker.of(SUB_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Subtracts a number.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor sub(double other) {
    return Invoker.of(SUB_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Subtracts a whole number, which keeps integer tensors integer.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor sub(long other) {
    return Invoker.of(SUB_SCALAR).tensor(this).integer(other).one();
  }

  /**
   * Subtracts this tensor from another: {@code other - this}.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor rsub(Tensor other) {
    return Invoker.of(RSUB_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Subtracts this tensor from a number: {@code other - this}.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor rsub(double other) {
    return Invoker.of(RSUB_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Subtracts this tensor from a whole number, which keeps integer tensors integer.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor rsub(long other) {
    return Invoker.of(RSUB_SCALAR).tensor(this).integer(other).one();
  }

  /**
   * Multiplies by another tensor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor mul(Tensor other) {
    return Invoker.of(MUL_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Multiplies by a number.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor mul(double other) {
    return Invoker.of(MUL_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Multiplies by a whole number, which keeps integer tensors integer.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor mul(long other) {
    return Invoker.of(MUL_SCALAR).tensor(this).integer(other).one();
  }

  /**
   * Divides by another tensor; integers give floating numbers.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor div(Tensor other) {
    return Invoker.of(DIV_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Divides by a number; integers give floating numbers.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor div(double other) {
    return Invoker.of(DIV_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Divides and rounds towards minus infinity.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor floorDivide(Tensor other) {
    return Invoker.of(FLOOR_DIVIDE).tensor(this).tensor(other).one();
  }

  /**
   * Remainder of the division, with the sign of the divisor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor remainder(Tensor other) {
    return Invoker.of(REMAINDER_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Remainder of the division by a number, with the sign of the divisor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor remainder(double other) {
    return Invoker.of(REMAINDER_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Remainder of the division by a whole number, with the sign of the divisor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor remainder(long other) {
    return Invoker.of(REMAINDER_SCALAR).tensor(this).integer(other).one();
  }

  /**
   * Remainder of the division by a number, with the sign of the dividend.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor fmod(double other) {
    return Invoker.of(FMOD_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Raises to powers given by a tensor.
   *
   * @param exponent the exponent
   * @return a new tensor
   */
  public final Tensor pow(Tensor exponent) {
    return Invoker.of(POW_TENSOR_TENSOR).tensor(this).tensor(exponent).one();
  }

  /**
   * Raises to a power.
   *
   * @param exponent the exponent
   * @return a new tensor
   */
  public final Tensor pow(double exponent) {
    return Invoker.of(POW_TENSOR_SCALAR).tensor(this).number(exponent).one();
  }

  /**
   * Raises to a whole power, which keeps integer tensors integer.
   *
   * @param exponent the exponent
   * @return a new tensor
   */
  public final Tensor pow(long exponent) {
    return Invoker.of(POW_TENSOR_SCALAR).tensor(this).integer(exponent).one();
  }

  /**
   * Changes the sign.
   *
   * @return a new tensor
   */
  public final Tensor neg() {
    return Invoker.of(NEG).tensor(this).one();
  }

  /**
   * Absolute value.
   *
   * @return a new tensor
   */
  public final Tensor abs() {
    return Invoker.of(ABS).tensor(this).one();
  }

  /**
   * Sign: -1, 0 or 1.
   *
   * @return a new tensor
   */
  public final Tensor sign() {
    return Invoker.of(SIGN).tensor(this).one();
  }

  /**
   * Square root.
   *
   * @return a new tensor
   */
  public final Tensor sqrt() {
    return Invoker.of(SQRT).tensor(this).one();
  }

  /**
   * One over the square root.
   *
   * @return a new tensor
   */
  public final Tensor rsqrt() {
    return Invoker.of(RSQRT).tensor(this).one();
  }

  /**
   * Square.
   *
   * @return a new tensor
   */
  public final Tensor square() {
    return Invoker.of(SQUARE).tensor(this).one();
  }

  /**
   * One over the element.
   *
   * @return a new tensor
   */
  public final Tensor reciprocal() {
    return Invoker.of(RECIPROCAL).tensor(this).one();
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
   * Logistic function.
   *
   * @return a new tensor
   */
  public final Tensor sigmoid() {
    return Invoker.of(SIGMOID).tensor(this).one();
  }

  /**
   * Logarithm of the logistic function.
   *
   * @return a new tensor
   */
  public final Tensor logSigmoid() {
    return Invoker.of(LOG_SIGMOID).tensor(this).one();
  }

  /**
   * Inverse of the logistic function.
   *
   * @return a new tensor
   */
  public final Tensor logit() {
    return Invoker.of(LOGIT).tensor(this).one();
  }

  /**
   * Rectifier: the larger of the element and zero.
   *
   * @return a new tensor
   */
  public final Tensor relu() {
    return Invoker.of(RELU).tensor(this).one();
  }

  /**
   * Gaussian error linear unit, exact form.
   *
   * @return a new tensor
   */
  public final Tensor gelu() {
    return Invoker.of(GELU).tensor(this).one();
  }

  /**
   * Gaussian error linear unit.
   *
   * @param tanh whether to take the approximation by the hyperbolic tangent, as GPT-2 does
   * @return a new tensor
   */
  public final Tensor gelu(boolean tanh) {
    return Invoker.of(GELU).tensor(this).text(tanh ? "tanh" : "none").one();
  }

  /**
   * Sigmoid linear unit (swish).
   *
   * @return a new tensor
   */
  public final Tensor silu() {
    return Invoker.of(SILU).tensor(this).one();
  }

  /**
   * Mish activation.
   *
   * @return a new tensor
   */
  public final Tensor mish() {
    return Invoker.of(MISH).tensor(this).one();
  }

  /**
   * Exponential linear unit.
   *
   * @param alpha the limit for large negative elements, negated
   * @return a new tensor
   */
  public final Tensor elu(double alpha) {
    return Invoker.of(ELU).tensor(this).number(alpha).one();
  }

  /**
   * Rectifier with a slope for negative elements.
   *
   * @param negativeSlope the slope
   * @return a new tensor
   */
  public final Tensor leakyRelu(double negativeSlope) {
    return Invoker.of(LEAKY_RELU).tensor(this).number(negativeSlope).one();
  }

  /**
   * Smooth rectifier {@code log(1 + exp(x))}.
   *
   * @return a new tensor
   */
  public final Tensor softplus() {
    return Invoker.of(SOFTPLUS).tensor(this).one();
  }

  /**
   * Limits elements to an interval, with zero derivative outside.
   *
   * @param min the lower bound
   * @param max the upper bound
   * @return a new tensor
   */
  public final Tensor hardtanh(double min, double max) {
    return Invoker.of(HARDTANH).tensor(this).number(min).number(max).one();
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
   * Rounds down.
   *
   * @return a new tensor
   */
  public final Tensor floor() {
    return Invoker.of(FLOOR).tensor(this).one();
  }

  /**
   * Rounds up.
   *
   * @return a new tensor
   */
  public final Tensor ceil() {
    return Invoker.of(CEIL).tensor(this).one();
  }

  /**
   * Rounds to the nearest whole number, halves to even.
   *
   * @return a new tensor
   */
  public final Tensor round() {
    return Invoker.of(ROUND).tensor(this).one();
  }

  /**
   * Rounds towards zero.
   *
   * @return a new tensor
   */
  public final Tensor trunc() {
    return Invoker.of(TRUNC).tensor(this).one();
  }

  /**
   * What {@link #trunc} takes away.
   *
   * @return a new tensor
   */
  public final Tensor frac() {
    return Invoker.of(FRAC).tensor(this).one();
  }

  /**
   * Limits elements to an interval.
   *
   * @param min the lower bound
   * @param max the upper bound
   * @return a new tensor
   */
  public final Tensor clamp(double min, double max) {
    return Invoker.of(CLAMP).tensor(this).number(min).number(max).one();
  }

  /**
   * Limits elements to intervals given by tensors.
   *
   * @param min the lower bound
   * @param max the upper bound
   * @return a new tensor
   */
  public final Tensor clamp(@Nullable Tensor min, @Nullable Tensor max) {
    return Invoker.of(CLAMP_TENSOR).tensor(this).tensorOrNone(min).tensorOrNone(max).one();
  }

  /**
   * Raises elements below a bound to the bound.
   *
   * @param min the lower bound
   * @return a new tensor
   */
  public final Tensor clampMin(double min) {
    return Invoker.of(CLAMP_MIN).tensor(this).number(min).one();
  }

  /**
   * Lowers elements above a bound to the bound.
   *
   * @param max the upper bound
   * @return a new tensor
   */
  public final Tensor clampMax(double max) {
    return Invoker.of(CLAMP_MAX).tensor(this).number(max).one();
  }

  /**
   * The larger element of two tensors.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor maximum(Tensor other) {
    return Invoker.of(MAXIMUM).tensor(this).tensor(other).one();
  }

  /**
   * The smaller element of two tensors.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor minimum(Tensor other) {
    return Invoker.of(MINIMUM).tensor(this).tensor(other).one();
  }

  /**
   * Square root of the sum of squares of two tensors.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor hypot(Tensor other) {
    return Invoker.of(HYPOT).tensor(this).tensor(other).one();
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

  /**
   * Goes a part of the way to another tensor: {@code this + weight * (end - this)}.
   *
   * @param end the other tensor
   * @param weight the part of the way, 0 to 1
   * @return a new tensor
   */
  public final Tensor lerp(Tensor end, double weight) {
    return Invoker.of(LERP_SCALAR).tensor(this).tensor(end).number(weight).one();
  }

  /**
   * Adds {@code value * tensor1 * tensor2}.
   *
   * @param tensor1 the first factor
   * @param tensor2 the second factor or divisor
   * @param value the factor
   * @return a new tensor
   */
  public final Tensor addcmul(Tensor tensor1, Tensor tensor2, double value) {
    return Invoker.of(ADDCMUL).tensor(this).tensor(tensor1).tensor(tensor2).number(value).one();
  }

  /**
   * Adds {@code value * tensor1 / tensor2}.
   *
   * @param tensor1 the first factor
   * @param tensor2 the second factor or divisor
   * @param value the factor
   * @return a new tensor
   */
  public final Tensor addcdiv(Tensor tensor1, Tensor tensor2, double value) {
    return Invoker.of(ADDCDIV).tensor(this).tensor(tensor1).tensor(tensor2).number(value).one();
  }

  /**
   * Whether elements are equal.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor eq(Tensor other) {
    return Invoker.of(EQ_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Whether elements equal a number.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor eq(double other) {
    return Invoker.of(EQ_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Whether elements differ.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor ne(Tensor other) {
    return Invoker.of(NE_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Whether elements differ from a number.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor ne(double other) {
    return Invoker.of(NE_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Whether elements are below those of another tensor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor lt(Tensor other) {
    return Invoker.of(LT_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Whether elements are below a number.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor lt(double other) {
    return Invoker.of(LT_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Whether elements are at most those of another tensor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor le(Tensor other) {
    return Invoker.of(LE_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Whether elements are at most a number.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor le(double other) {
    return Invoker.of(LE_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Whether elements are above those of another tensor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor gt(Tensor other) {
    return Invoker.of(GT_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Whether elements are above a number.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor gt(double other) {
    return Invoker.of(GT_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Whether elements are at least those of another tensor.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor ge(Tensor other) {
    return Invoker.of(GE_TENSOR).tensor(this).tensor(other).one();
  }

  /**
   * Whether elements are at least a number.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor ge(double other) {
    return Invoker.of(GE_SCALAR).tensor(this).number(other).one();
  }

  /**
   * Whether elements are zero.
   *
   * @return a new tensor
   */
  public final Tensor logicalNot() {
    return Invoker.of(LOGICAL_NOT).tensor(this).one();
  }

  /**
   * Whether both elements are non-zero.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor logicalAnd(Tensor other) {
    return Invoker.of(LOGICAL_AND).tensor(this).tensor(other).one();
  }

  /**
   * Whether one element at least is non-zero.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor logicalOr(Tensor other) {
    return Invoker.of(LOGICAL_OR).tensor(this).tensor(other).one();
  }

  /**
   * Whether exactly one element is non-zero.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor logicalXor(Tensor other) {
    return Invoker.of(LOGICAL_XOR).tensor(this).tensor(other).one();
  }

  /**
   * Whether elements are not a number.
   *
   * @return a new tensor
   */
  public final Tensor isnan() {
    return Invoker.of(ISNAN).tensor(this).one();
  }

  /**
   * Whether elements are infinite.
   *
   * @return a new tensor
   */
  public final Tensor isinf() {
    return Invoker.of(ISINF).tensor(this).one();
  }

  /**
   * Whether elements are finite numbers.
   *
   * @return a new tensor
   */
  public final Tensor isfinite() {
    return Invoker.of(ISFINITE).tensor(this).one();
  }

  /**
   * Replaces NaN and the infinities by numbers.
   *
   * @param nan instead of NaN
   * @param posinf instead of plus infinity
   * @param neginf instead of minus infinity
   * @return a new tensor
   */
  public final Tensor nanToNum(double nan, double posinf, double neginf) {
    return Invoker.of(NAN_TO_NUM).tensor(this).number(nan).number(posinf).number(neginf).one();
  }
}
