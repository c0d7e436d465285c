package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Normalises groups of channels to mean 0 and variance 1 over the group and all positions, then
 * scales and shifts each channel (Wu and He 2018). As many groups as channels make it instance
 * normalisation.
 *
 * @param name prefix of its parameters' names, {@code name.weight} and {@code name.bias}, both
 *     [channels]
 * @param groups number of groups, a divisor of the channels
 * @param channels number of channels, the first size of an example; at least 1
 * @param epsilon what is added to the variance, at least 0
 */
public record GroupNorm(String name, long groups, long channels, double epsilon) implements Layer {
  /**
   * Checks the numbers.
   *
   * @throws ArgumentException when one is out of its range
   */
  public GroupNorm {
    Checks.positive("GroupNorm", "groups", groups);
    Checks.positive("GroupNorm", "channels", channels);
    Checks.epsilon("GroupNorm", epsilon);
    if (channels % groups != 0) {
      throw new ArgumentException(
          "GroupNorm \""
              + name
              + "\": groups is "
              + groups
              + ", a divisor of channels ("
              + channels
              + ") needed");
    }
  }

  /**
   * A layer with PyTorch's epsilon, 1e-5.
   *
   * @param name prefix of its parameters' names
   * @param groups number of groups
   * @param channels number of channels
   */
  public GroupNorm(String name, long groups, long channels) {
    this(name, groups, channels, 1e-5);
  }

  /**
   * Instance normalisation: each channel of each example on its own.
   *
   * @param name prefix of its parameters' names
   * @param channels number of channels
   * @return the layer, with epsilon 1e-5
   */
  public static GroupNorm instance(String name, long channels) {
    return new GroupNorm(name, channels, channels);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(
        new Parameter(name + ".weight", Parameter.Kind.NORM_SCALE, 1, channels),
        new Parameter(name + ".bias", Parameter.Kind.NORM_SHIFT, 1, channels));
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    Checks.channels("GroupNorm \"" + name + "\"", channels, inputShape, 0);
    return inputShape.clone();
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    long[] shape = inputs.shape();
    Tensor grouped = inputs.reshape(shape[0], groups, channels / groups, -1);
    Tensor centred = grouped.sub(grouped.mean(new long[] {2, 3}, true));
    Tensor deviation = centred.square().mean(new long[] {2, 3}, true).add(epsilon).rsqrt();
    Tensor weight = parameters.get(0).view(1, groups, channels / groups, 1);
    Tensor bias = parameters.get(1).view(1, groups, channels / groups, 1);
    return centred.mul(deviation).mul(weight).add(bias).reshape(shape);
  }
}
