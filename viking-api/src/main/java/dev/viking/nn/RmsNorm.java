package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Divides the last dimension by its root mean square and scales it: {@code y = x / sqrt(mean(x^2) +
 * epsilon) * weight} (Zhang and Sennrich 2019).
 *
 * @param name prefix of its parameter's name, {@code name.weight}
 * @param features size of the last dimension, at least 1
 * @param epsilon what is added to the mean square, at least 0
 */
public record RmsNorm(String name, long features, double epsilon) implements Layer {
  /**
   * Checks the numbers.
   *
   * @throws dev.viking.torch.ArgumentException when one is out of its range
   */
  public RmsNorm {
    Checks.positive("RmsNorm", "features", features);
    Checks.epsilon("RmsNorm", epsilon);
  }

  /**
   * A layer with Flax's epsilon, 1e-6.
   *
   * @param name prefix of its parameter's name
   * @param features size of the last dimension
   */
  public RmsNorm(String name, long features) {
    this(name, features, 1e-6);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(new Parameter(name + ".weight", Parameter.Kind.NORM_SCALE, 1, features));
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    Checks.lastSize("RmsNorm \"" + name + "\"", features, inputShape);
    return inputShape.clone();
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    Tensor deviation = inputs.square().mean(-1, true).add(epsilon).rsqrt();
    return inputs.mul(deviation).mul(parameters.get(0));
  }
}
