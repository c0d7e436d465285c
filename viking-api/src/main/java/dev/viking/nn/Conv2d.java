package dev.viking.nn;

import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * A two-dimensional convolution (cross-correlation) with bias and zero padding; the weight is
 * [outputs, inputs, kernel, kernel] as in PyTorch.
 *
 * @param name prefix of its parameters' names, {@code name.weight} and {@code name.bias}
 * @param inputs number of input channels, at least 1
 * @param outputs number of output channels, at least 1
 * @param kernel height and width of the kernel, at least 1
 * @param stride step between windows, at least 1
 * @param padding zeros added at each of the four sides, at least 0
 */
public record Conv2d(String name, long inputs, long outputs, long kernel, long stride, long padding)
    implements Layer {
  /**
   * Checks the sizes.
   *
   * @throws dev.viking.torch.ArgumentException when a size is too small
   */
  public Conv2d {
    Checks.positive("Conv2d", "inputs", inputs);
    Checks.positive("Conv2d", "outputs", outputs);
    Checks.positive("Conv2d", "kernel", kernel);
    Checks.positive("Conv2d", "stride", stride);
    Checks.notNegative("Conv2d", "padding", padding);
  }

  /**
   * A convolution with stride 1 and no padding.
   *
   * @param name prefix of its parameters' names
   * @param inputs number of input channels
   * @param outputs number of output channels
   * @param kernel height and width of the kernel
   */
  public Conv2d(String name, long inputs, long outputs, long kernel) {
    this(name, inputs, outputs, kernel, 1, 0);
  }

  @Override
  public List<Parameter> parameters() {
    long fanIn = inputs * kernel * kernel;
    return List.of(
        new Parameter(
            name + ".weight", Parameter.Kind.WEIGHT, fanIn, outputs, inputs, kernel, kernel),
        new Parameter(name + ".bias", Parameter.Kind.BIAS, fanIn, outputs));
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    if (inputShape.length != 3
        || inputShape[0] != inputs
        || inputShape[1] + 2 * padding < kernel
        || inputShape[2] + 2 * padding < kernel) {
      throw new ShapeException(
          "Conv2d \""
              + name
              + "\": an example of shape "
              + Arrays.toString(inputShape)
              + " given, ["
              + inputs
              + ", height, width] with at least "
              + (kernel - 2 * padding)
              + " rows and columns needed");
    }
    return new long[] {outputs, outputSize(inputShape[1]), outputSize(inputShape[2])};
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.conv2d(parameters.get(0), parameters.get(1), stride, padding);
  }

  /** Number of windows along a dimension of the input. */
  long outputSize(long inputSize) {
    return (inputSize + 2 * padding - kernel) / stride + 1;
  }
}
