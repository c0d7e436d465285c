package dev.viking.torch;

/** Comparisons and truth values of each element (bool), with broadcasting. */
abstract sealed class TensorComparisons extends TensorActivations permits TensorReductions {
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

  TensorComparisons(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorComparisons(long borrowedHandle) {
    super(borrowedHandle);
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
}
