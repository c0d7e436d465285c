package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Enlarges images by repeating each pixel (nearest neighbour).
 *
 * @param factor how often each row and column is repeated, at least 1
 */
public record Upsample2d(long factor) implements Layer {
  /**
   * Checks the factor.
   *
   * @throws dev.viking.torch.ArgumentException when it is less than 1
   */
  public Upsample2d {
    Checks.positive("Upsample2d", "factor", factor);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of();
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    Checks.image("Upsample2d", inputShape);
    return new long[] {inputShape[0], inputShape[1] * factor, inputShape[2] * factor};
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    long[] shape = inputs.shape();
    return inputs
        .reshape(shape[0], shape[1], shape[2], 1, shape[3], 1)
        .expand(shape[0], shape[1], shape[2], factor, shape[3], factor)
        .reshape(shape[0], shape[1], shape[2] * factor, shape[3] * factor);
  }
}
