package dev.viking.torch;

import org.jspecify.annotations.Nullable;

/**
 * Arithmetic, rounding and limits of each element, with broadcasting where there are two tensors.
 */
abstract sealed class TensorArithmetic extends TensorHandle permits TensorFunctions {
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
  private static final Op LERP_SCALAR = Op.of("aten::lerp", "Scalar");
  private static final Op ADDCMUL = Op.of("aten::addcmul", "");
  private static final Op ADDCDIV = Op.of("aten::addcdiv", "");
  private static final Op NAN_TO_NUM = Op.of("aten::nan_to_num", "");

  TensorArithmetic(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorArithmetic(long borrowedHandle) {
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
