package dev.viking.nn;

import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * An affine map with bias, {@code y = x W^T + b}; {@code W} is [outputs, inputs] as in PyTorch.
 *
 * @param name prefix of its parameters' names, {@code name.weight} and {@code name.bias}
 * @param inputs number of inputs, at least 1
 * @param outputs number of outputs, at least 1
 */
public record Linear(String name, long inputs, long outputs) implements Layer {
  /**
   * Checks the sizes.
   *
   * @throws dev.viking.torch.ArgumentException when a size is less than 1
   */
  public Linear {
    Checks.positive("Linear", "inputs", inputs);
    Checks.positive("Linear", "outputs", outputs);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(
        new Parameter(name + ".weight", Parameter.Kind.WEIGHT, inputs, outputs, inputs),
        new Parameter(name + ".bias", Parameter.Kind.BIAS, inputs, outputs));
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    if (inputShape.length != 1 || inputShape[0] != inputs) {
      throw new ShapeException(
          "Linear \""
              + name
              + "\": an example of shape "
              + Arrays.toString(inputShape)
              + " given, ["
              + inputs
              + "] needed");
    }
    return new long[] {outputs};
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.linear(parameters.get(0), parameters.get(1));
  }
}
