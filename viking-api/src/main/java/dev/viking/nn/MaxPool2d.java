package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * The largest value of each square window; rows and columns that do not fill a window are left out.
 * Of equal values the first in row-major order counts, as in PyTorch.
 *
 * @param kernel height and width of a window, at least 1
 * @param stride step between windows, at least 1
 * @param padding rows and columns around the image that windows reach into and that never win, at
 *     least 0 and at most half the kernel
 */
public record MaxPool2d(long kernel, long stride, long padding) implements Layer {
  /**
   * Checks the sizes.
   *
   * @throws dev.viking.torch.ArgumentException when a size is out of its range
   */
  public MaxPool2d {
    Checks.pooling("MaxPool2d", kernel, stride, padding);
  }

  /**
   * Pooling without padding.
   *
   * @param kernel height and width of a window
   * @param stride step between windows
   */
  public MaxPool2d(long kernel, long stride) {
    this(kernel, stride, 0);
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
    return Checks.pooledShape("MaxPool2d", kernel, stride, padding, inputShape);
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.maxPool2d(
        new long[] {kernel, kernel},
        new long[] {stride, stride},
        new long[] {padding, padding},
        new long[] {1, 1});
  }
}
