package dev.viking.nn;

import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * The largest value of each square window, without padding; rows and columns that do not fill a
 * window are left out. Of equal values the first in row-major order counts, as in PyTorch.
 *
 * @param kernel height and width of a window, at least 1
 * @param stride step between windows, at least 1
 */
public record MaxPool2d(long kernel, long stride) implements Layer {
  /**
   * Checks the sizes.
   *
   * @throws dev.viking.torch.ArgumentException when a size is less than 1
   */
  public MaxPool2d {
    Checks.positive("MaxPool2d", "kernel", kernel);
    Checks.positive("MaxPool2d", "stride", stride);
  }

  /**
   * Pooling over windows side by side.
   *
   * @param kernel height, width and step of the windows
   */
  public MaxPool2d(long kernel) {
    this(kernel, kernel);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of();
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    if (inputShape.length != 3 || inputShape[1] < kernel || inputShape[2] < kernel) {
      throw new ShapeException(
          "MaxPool2d: an example of shape "
              + Arrays.toString(inputShape)
              + " given, [channels, height, width] with at least "
              + kernel
              + " rows and columns needed");
    }
    return new long[] {
      inputShape[0], (inputShape[1] - kernel) / stride + 1, (inputShape[2] - kernel) / stride + 1
    };
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.maxPool2d(kernel, stride);
  }
}
