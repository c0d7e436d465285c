package dev.viking.torch;

/**
 * Operators that change this tensor's elements and return it. Every tensor that shares its storage
 * changes too.
 */
@SuppressWarnings("MemberName") // the trailing underscore is how PyTorch marks operators in place
abstract sealed class TensorInPlace extends TensorNeural permits TensorReading {
  private static final Op ADD_TENSOR_IN_PLACE = Op.of("aten::add_", "Tensor");
  private static final Op ADD_SCALAR_IN_PLACE = Op.of("aten::add_", "Scalar");
  private static final Op SUB_TENSOR_IN_PLACE = Op.of("aten::sub_", "Tensor");
  private static final Op MUL_TENSOR_IN_PLACE = Op.of("aten::mul_", "Tensor");
  private static final Op MUL_SCALAR_IN_PLACE = Op.of("aten::mul_", "Scalar");
  private static final Op DIV_TENSOR_IN_PLACE = Op.of("aten::div_", "Tensor");
  private static final Op DIV_SCALAR_IN_PLACE = Op.of("aten::div_", "Scalar");
  private static final Op COPY_IN_PLACE = Op.of("aten::copy_", "");
  private static final Op ZERO_IN_PLACE = Op.of("aten::zero_", "");
  private static final Op FILL_SCALAR_IN_PLACE = Op.of("aten::fill_", "Scalar");
  private static final Op ADDCMUL_IN_PLACE = Op.of("aten::addcmul_", "");
  private static final Op ADDCDIV_IN_PLACE = Op.of("aten::addcdiv_", "");
  private static final Op ADDMM_IN_PLACE = Op.of("aten::addmm_", "");
  private static final Op SQRT_IN_PLACE = Op.of("aten::sqrt_", "");
  private static final Op EXP_IN_PLACE = Op.of("aten::exp_", "");
  private static final Op NEG_IN_PLACE = Op.of("aten::neg_", "");
  private static final Op LERP_SCALAR_IN_PLACE = Op.of("aten::lerp_", "Scalar");
  private static final Op CLAMP_IN_PLACE = Op.of("aten::clamp_", "");
  private static final Op MASKED_FILL_SCALAR_IN_PLACE = Op.of("aten::masked_fill_", "Scalar");
  private static final Op INDEX_COPY_IN_PLACE = Op.of("aten::index_copy_", "");
  private static final Op INDEX_ADD_IN_PLACE = Op.of("aten::index_add_", "");
  private static final Op NORMAL_IN_PLACE = Op.of("aten::normal_", "");
  private static final Op UNIFORM_IN_PLACE = Op.of("aten::uniform_", "");

  TensorInPlace(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorInPlace(long borrowedHandle) {
    super(borrowedHandle);
  }

  /**
   * Adds another tensor.
   *
   * @param other the other operand
   * @return this tensor
   */
  public final Tensor add_(Tensor other) {
    return Invoker.of(ADD_TENSOR_IN_PLACE).tensor(this).tensor(other).into(this);
  }

  /**
   * Adds a number.
   *
   * @param other the other operand
   * @return this tensor
   */
  public final Tensor add_(double other) {
    return Invoker.of(ADD_SCALAR_IN_PLACE).tensor(this).number(other).into(this);
  }

  /**
   * Adds {@code alpha * other}.
   *
   * @param other the other operand
   * @param alpha the factor
   * @return this tensor
   */
  public final Tensor addScaled_(Tensor other, double alpha) {
    return Invoker.of(ADD_TENSOR_IN_PLACE).tensor(this).tensor(other).number(alpha).into(this);
  }

  /**
   * Subtracts another tensor.
   *
   * @param other the other operand
   * @return this tensor
   */
  public final Tensor sub_(Tensor other) {
    return Invoker.of(SUB_TENSOR_IN_PLACE).tensor(this).tensor(other).into(this);
  }

  /**
   * Multiplies by another tensor.
   *
   * @param other the other operand
   * @return this tensor
   */
  public final Tensor mul_(Tensor other) {
    return Invoker.of(MUL_TENSOR_IN_PLACE).tensor(this).tensor(other).into(this);
  }

  /**
   * Multiplies by a number.
   *
   * @param other the other operand
   * @return this tensor
   */
  public final Tensor mul_(double other) {
    return Invoker.of(MUL_SCALAR_IN_PLACE).tensor(this).number(other).into(this);
  }

  /**
   * Divides by another tensor.
   *
   * @param other the other operand
   * @return this tensor
   */
  public final Tensor div_(Tensor other) {
    return Invoker.of(DIV_TENSOR_IN_PLACE).tensor(this).tensor(other).into(this);
  }

  /**
   * Divides by a number.
   *
   * @param other the other operand
   * @return this tensor
   */
  public final Tensor div_(double other) {
    return Invoker.of(DIV_SCALAR_IN_PLACE).tensor(this).number(other).into(this);
  }

  /**
   * Takes the elements of another tensor, converted and broadcast.
   *
   * @param src the elements to take
   * @return this tensor
   */
  public final Tensor copy_(Tensor src) {
    return Invoker.of(COPY_IN_PLACE).tensor(this).tensor(src).into(this);
  }

  /**
   * Sets all elements to zero.
   *
   * @return this tensor
   */
  public final Tensor zero_() {
    return Invoker.of(ZERO_IN_PLACE).tensor(this).into(this);
  }

  /**
   * Sets all elements to a number.
   *
   * @param value the value
   * @return this tensor
   */
  public final Tensor fill_(double value) {
    return Invoker.of(FILL_SCALAR_IN_PLACE).tensor(this).number(value).into(this);
  }

  /**
   * Adds {@code value * tensor1 * tensor2}.
   *
   * @param tensor1 the first factor
   * @param tensor2 the second factor or divisor
   * @param value the factor
   * @return this tensor
   */
  public final Tensor addcmul_(Tensor tensor1, Tensor tensor2, double value) {
    return Invoker.of(ADDCMUL_IN_PLACE)
        .tensor(this)
        .tensor(tensor1)
        .tensor(tensor2)
        .number(value)
        .into(this);
  }

  /**
   * Adds {@code value * tensor1 / tensor2}.
   *
   * @param tensor1 the first factor
   * @param tensor2 the second factor or divisor
   * @param value the factor
   * @return this tensor
   */
  public final Tensor addcdiv_(Tensor tensor1, Tensor tensor2, double value) {
    return Invoker.of(ADDCDIV_IN_PLACE)
        .tensor(this)
        .tensor(tensor1)
        .tensor(tensor2)
        .number(value)
        .into(this);
  }

  /**
   * Becomes {@code beta * this + alpha * mat1 mat2}.
   *
   * @param mat1 the left factor
   * @param mat2 the right factor
   * @param beta the factor of this tensor
   * @param alpha the factor
   * @return this tensor
   */
  public final Tensor addmm_(Tensor mat1, Tensor mat2, double beta, double alpha) {
    return Invoker.of(ADDMM_IN_PLACE)
        .tensor(this)
        .tensor(mat1)
        .tensor(mat2)
        .number(beta)
        .number(alpha)
        .into(this);
  }

  /**
   * Takes the square root.
   *
   * @return this tensor
   */
  public final Tensor sqrt_() {
    return Invoker.of(SQRT_IN_PLACE).tensor(this).into(this);
  }

  /**
   * Takes the exponential.
   *
   * @return this tensor
   */
  public final Tensor exp_() {
    return Invoker.of(EXP_IN_PLACE).tensor(this).into(this);
  }

  /**
   * Changes the sign.
   *
   * @return this tensor
   */
  public final Tensor neg_() {
    return Invoker.of(NEG_IN_PLACE).tensor(this).into(this);
  }

  /**
   * Goes a part of the way to another tensor.
   *
   * @param end the other tensor
   * @param weight the part of the way, 0 to 1
   * @return this tensor
   */
  public final Tensor lerp_(Tensor end, double weight) {
    return Invoker.of(LERP_SCALAR_IN_PLACE).tensor(this).tensor(end).number(weight).into(this);
  }

  /**
   * Limits elements to an interval.
   *
   * @param min the lower bound
   * @param max the upper bound
   * @return this tensor
   */
  public final Tensor clamp_(double min, double max) {
    return Invoker.of(CLAMP_IN_PLACE).tensor(this).number(min).number(max).into(this);
  }

  /**
   * Sets elements to a number where the mask is true.
   *
   * @param mask truth values, broadcast to this tensor
   * @param value the value
   * @return this tensor
   */
  public final Tensor maskedFill_(Tensor mask, double value) {
    return Invoker.of(MASKED_FILL_SCALAR_IN_PLACE)
        .tensor(this)
        .tensor(mask)
        .number(value)
        .into(this);
  }

  /**
   * Puts slices at positions.
   *
   * @param dim the dimension; negative counts from the end
   * @param index the position or positions (int64)
   * @param source where it is, or the slices to take
   * @return this tensor
   */
  public final Tensor indexCopy_(long dim, Tensor index, Tensor source) {
    return Invoker.of(INDEX_COPY_IN_PLACE)
        .tensor(this)
        .integer(dim)
        .tensor(index)
        .tensor(source)
        .into(this);
  }

  /**
   * Adds slices at positions.
   *
   * @param dim the dimension; negative counts from the end
   * @param index the position or positions (int64)
   * @param source where it is, or the slices to take
   * @return this tensor
   */
  public final Tensor indexAdd_(long dim, Tensor index, Tensor source) {
    return Invoker.of(INDEX_ADD_IN_PLACE)
        .tensor(this)
        .integer(dim)
        .tensor(index)
        .tensor(source)
        .into(this);
  }

  /**
   * Fills with normal random numbers.
   *
   * @param mean the mean
   * @param std the standard deviation
   * @param rng the generator, of the same device
   * @return this tensor
   */
  public final Tensor normal_(double mean, double std, Rng rng) {
    return Invoker.of(NORMAL_IN_PLACE).tensor(this).number(mean).number(std).rng(rng).into(this);
  }

  /**
   * Fills with uniform random numbers.
   *
   * @param from the lower bound
   * @param to the upper bound
   * @param rng the generator, of the same device
   * @return this tensor
   */
  public final Tensor uniform_(double from, double to, Rng rng) {
    return Invoker.of(UNIFORM_IN_PLACE).tensor(this).number(from).number(to).rng(rng).into(this);
  }
}
