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
  SILU;

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
    };
  }

  /**
   * Whether larger inputs never give smaller outputs, so that the function and a maximum can change
   * places.
   *
   * @return true for TANH and RELU
   */
  public boolean isMonotone() {
    return this == TANH || this == RELU;
  }
}
