package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;

/** A function applied to each element. */
public enum Activation implements Layer {
  /** Hyperbolic tangent. */
  TANH,
  /** {@code max(x, 0)}, with derivative 0 at 0. */
  RELU,
  /**
   * {@code x Phi(x)} with the tanh approximation of Phi (Hendrycks and Gimpel 2016), the default of
   * JAX.
   */
  GELU_TANH,
  /** {@code x sigmoid(x)}, also called swish. */
  SILU,
  /** {@code x Phi(x)} with the exact Phi, the default of PyTorch. */
  GELU,
  /** {@code x} where positive, {@code exp(x) - 1} elsewhere. */
  ELU,
  /** {@code log(1 + exp(x))}; above 20 it is x. */
  SOFTPLUS,
  /** {@code 1 / (1 + exp(-x))}. */
  SIGMOID,
  /** {@code x} where positive, {@code 0.01 x} elsewhere. */
  LEAKY_RELU,
  /** {@code x} cut off at -1 and 1. */
  HARD_TANH,
  /** {@code x / 6 + 1/2} cut off at 0 and 1. */
  HARD_SIGMOID,
  /** {@code x} times the hard sigmoid of x. */
  HARD_SWISH;

  /** Slope of {@link #LEAKY_RELU} below 0. */
  static final double LEAK = 0.01;

  @Override
  public List<Parameter> parameters() {
    return List.of();
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    return inputShape.clone();
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return apply(inputs);
  }

  /**
   * Evaluates the function; works inside every transform.
   *
   * @param inputs any floating tensor
   * @return a tensor of the same shape
   */
  public Tensor apply(Tensor inputs) {
    return switch (this) {
      case TANH -> inputs.tanh();
      case RELU -> inputs.relu();
      case GELU_TANH -> NativeOps.GELU.call(inputs, "tanh");
      case SILU -> inputs.silu();
      case GELU -> inputs.gelu();
      case ELU -> inputs.elu(1);
      case SOFTPLUS -> inputs.softplus();
      case SIGMOID -> inputs.sigmoid();
      case LEAKY_RELU -> inputs.leakyRelu(LEAK);
      case HARD_TANH -> inputs.hardtanh(-1, 1);
      case HARD_SIGMOID -> hardSigmoid(inputs);
      case HARD_SWISH -> inputs.mul(hardSigmoid(inputs));
    };
  }

  /** From primitives: libtorch's own has no second derivative. */
  static Tensor hardSigmoid(Tensor inputs) {
    return inputs.div(6).add(0.5).clamp(0, 1);
  }

  /**
   * Whether larger inputs never give smaller outputs, so that the function and a maximum can change
   * places.
   *
   * @return false for the GELUs, SILU and the hard swish
   */
  public boolean isMonotone() {
    return switch (this) {
      case TANH, RELU, ELU, SOFTPLUS, SIGMOID, LEAKY_RELU, HARD_TANH, HARD_SIGMOID -> true;
      case GELU_TANH, GELU, SILU, HARD_SWISH -> false;
    };
  }

  /** Whether the second derivative is zero wherever it exists. */
  boolean isPiecewiseLinear() {
    return switch (this) {
      case RELU, LEAKY_RELU, HARD_TANH, HARD_SIGMOID -> true;
      case TANH, GELU_TANH, SILU, GELU, ELU, SOFTPLUS, SIGMOID, HARD_SWISH -> false;
    };
  }

  /** Whether the derivatives are polynomials in the function's value. */
  boolean isKnownByValue() {
    return this == TANH || this == SIGMOID;
  }
}
