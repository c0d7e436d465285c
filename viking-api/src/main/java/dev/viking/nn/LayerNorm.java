package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Normalises the last dimension to mean 0 and variance 1, then scales and shifts it: {@code y = (x
 * - mean) / sqrt(variance + epsilon) * weight + bias} (Ba et al. 2016).
 *
 * @param name prefix of its parameters' names, {@code name.weight} and {@code name.bias}
 * @param features size of the last dimension, at least 1
 * @param epsilon what is added to the variance, at least 0
 */
public record LayerNorm(String name, long features, double epsilon) implements Layer {
  /**
   * Checks the numbers.
   *
   * @throws dev.viking.torch.ArgumentException when one is out of its range
   */
  public LayerNorm {
    Checks.positive("LayerNorm", "features", features);
    Checks.epsilon("LayerNorm", epsilon);
  }

  /**
   * A layer with PyTorch's epsilon, 1e-5.
   *
   * @param name prefix of its parameters' names
   * @param features size of the last dimension
   */
  public LayerNorm(String name, long features) {
    this(name, features, 1e-5);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(
        new Parameter(name + ".weight", Parameter.Kind.NORM_SCALE, 1, features),
        new Parameter(name + ".bias", Parameter.Kind.NORM_SHIFT, 1, features));
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    Checks.lastSize("LayerNorm \"" + name + "\"", features, inputShape);
    return inputShape.clone();
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    // From primitives: the fused kernel's derivatives take its saved mean and deviation for
    // constants.
    Tensor centred = inputs.sub(inputs.mean(-1, true));
    Tensor deviation = centred.square().mean(-1, true).add(epsilon).rsqrt();
    return centred.mul(deviation).mul(parameters.get(0)).add(parameters.get(1));
  }
}
