package dev.viking.nn;

import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/** The mean over positions, [positions, features] to [features]. */
public record MeanOverPositions() implements Layer {
  @Override
  public List<Parameter> parameters() {
    return List.of();
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    if (inputShape.length != 2) {
      throw new ShapeException(
          "MeanOverPositions: an example of shape "
              + Arrays.toString(inputShape)
              + " given, [positions, features] needed");
    }
    return new long[] {inputShape[1]};
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.mean(1L);
  }
}
