package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A two-dimensional convolution (cross-correlation) with zero padding; the weight is [outputs,
 * inputs / groups, kernel height, kernel width] as in PyTorch.
 *
 * @param name prefix of its parameters' names, {@code name.weight} and {@code name.bias}
 * @param inputs number of input channels, at least 1
 * @param outputs number of output channels, at least 1
 * @param window size, stride, padding and dilation of the windows
 * @param groups into how many groups the channels are split, each convolved on its own; divides
 *     both numbers of channels
 * @param bias whether a bias is added to each output channel
 */
public record Conv2d(
    String name, long inputs, long outputs, Window window, long groups, boolean bias)
    implements Layer {
  /**
   * Checks the sizes.
   *
   * @throws ArgumentException when a size is too small or the groups do not divide the channels
   */
  public Conv2d {
    Checks.positive("Conv2d", "inputs", inputs);
    Checks.positive("Conv2d", "outputs", outputs);
    Checks.positive("Conv2d", "groups", groups);
    if (inputs % groups != 0 || outputs % groups != 0) {
      throw new ArgumentException(
          "Conv2d \""
              + name
              + "\": groups is "
              + groups
              + ", a divisor of inputs ("
              + inputs
              + ") and outputs ("
              + outputs
              + ") needed");
    }
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
    this(name, inputs, outputs, Window.of(kernel));
  }

  /**
   * A convolution with square windows.
   *
   * @param name prefix of its parameters' names
   * @param inputs number of input channels
   * @param outputs number of output channels
   * @param kernel height and width of the kernel
   * @param stride step between windows
   * @param padding zeros added at each of the four sides
   */
  public Conv2d(String name, long inputs, long outputs, long kernel, long stride, long padding) {
    this(name, inputs, outputs, Window.of(kernel).stride(stride).padding(padding));
  }

  /**
   * A convolution of any windows, with bias and one group.
   *
   * @param name prefix of its parameters' names
   * @param inputs number of input channels
   * @param outputs number of output channels
   * @param window size, stride, padding and dilation of the windows
   */
  public Conv2d(String name, long inputs, long outputs, Window window) {
    this(name, inputs, outputs, window, 1, true);
  }

  /**
   * The same convolution in groups of channels; as many groups as channels make it depthwise.
   *
   * @param count a divisor of both numbers of channels
   * @return the layer
   */
  public Conv2d withGroups(long count) {
    return new Conv2d(name, inputs, outputs, window, count, bias);
  }

  /**
   * The same convolution without a bias.
   *
   * @return the layer
   */
  public Conv2d withoutBias() {
    return new Conv2d(name, inputs, outputs, window, groups, false);
  }

  @Override
  public List<Parameter> parameters() {
    long fanIn = columnSize();
    Parameter weight =
        new Parameter(
            name + ".weight",
            Parameter.Kind.WEIGHT,
            fanIn,
            outputs,
            inputs / groups,
            window.kernelHeight(),
            window.kernelWidth());
    return bias
        ? List.of(weight, new Parameter(name + ".bias", Parameter.Kind.BIAS, fanIn, outputs))
        : List.of(weight);
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    if (inputShape.length != 3
        || inputShape[0] != inputs
        || window.outputHeight(inputShape[1]) < 1
        || window.outputWidth(inputShape[2]) < 1) {
      throw new ShapeException(
          "Conv2d \""
              + name
              + "\": an example of shape "
              + Arrays.toString(inputShape)
              + " given, ["
              + inputs
              + ", height, width] with at least "
              + (window.extentHeight() - window.top() - window.bottom())
              + " rows and "
              + (window.extentWidth() - window.left() - window.right())
              + " columns needed");
    }
    return new long[] {
      outputs, window.outputHeight(inputShape[1]), window.outputWidth(inputShape[2])
    };
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return convolve(inputs, parameters.get(0), bias ? parameters.get(1) : null);
  }

  /** The convolution with any weight of this layer's kernel, stride, padding and groups. */
  Tensor convolve(Tensor images, Tensor weight, @Nullable Tensor offset) {
    Tensor padded = window.isSymmetric() ? images : images.pad(window.pads(), 0);
    return padded.conv2d(
        weight, offset, window.strides(), nativePadding(), window.dilations(), groups);
  }

  /** What libtorch pads itself; uneven padding is made before it is called. */
  long[] nativePadding() {
    return window.isSymmetric() ? new long[] {window.top(), window.left()} : new long[] {0, 0};
  }

  /** Number of inputs that one output sums over. */
  long columnSize() {
    return inputs / groups * window.area();
  }
}
