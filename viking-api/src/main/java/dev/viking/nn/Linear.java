package dev.viking.nn;

import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * An affine map of the last dimension, {@code y = x W^T + b}; {@code W} is [outputs, inputs] as in
 * PyTorch. Dimensions between the batch and the last one are positions, which share W and b.
 *
 * @param name prefix of its parameters' names, {@code name.weight} and {@code name.bias}
 * @param inputs number of inputs, at least 1
 * @param outputs number of outputs, at least 1
 * @param bias whether b is there
 */
public record Linear(String name, long inputs, long outputs, boolean bias) implements Layer {
  /**
   * Checks the sizes.
   *
   * @throws dev.viking.torch.ArgumentException when a size is less than 1
   */
  public Linear {
    Checks.positive("Linear", "inputs", inputs);
    Checks.positive("Linear", "outputs", outputs);
  }

  /**
   * An affine map with bias.
   *
   * @param name prefix of its parameters' names
   * @param inputs number of inputs
   * @param outputs number of outputs
   */
  public Linear(String name, long inputs, long outputs) {
    this(name, inputs, outputs, true);
  }

  /**
   * The same map without the bias.
   *
   * @return the layer
   */
  public Linear withoutBias() {
    return new Linear(name, inputs, outputs, false);
  }

  @Override
  public List<Parameter> parameters() {
    Parameter weight =
        new Parameter(name + ".weight", Parameter.Kind.WEIGHT, inputs, outputs, inputs);
    return bias
        ? List.of(weight, new Parameter(name + ".bias", Parameter.Kind.BIAS, inputs, outputs))
        : List.of(weight);
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    if (inputShape.length == 0 || inputShape[inputShape.length - 1] != inputs) {
      throw new ShapeException(
          "Linear \""
              + name
              + "\": an example of shape "
              + Arrays.toString(inputShape)
              + " given, ["
              + inputs
              + "] or [positions, "
              + inputs
              + "] needed");
    }
    long[] shape = inputShape.clone();
    shape[shape.length - 1] = outputs;
    return shape;
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.linear(parameters.get(0), bias ? parameters.get(1) : null);
  }
}
