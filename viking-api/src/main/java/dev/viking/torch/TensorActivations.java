package dev.viking.torch;

/** Activation functions of each element. */
abstract sealed class TensorActivations extends TensorFunctions permits TensorComparisons {
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

  TensorActivations(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorActivations(long borrowedHandle) {
    super(borrowedHandle);
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
}
