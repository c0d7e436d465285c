package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;

/** The mean of each channel over the whole image, [channels, height, width] to [channels]. */
public record GlobalAvgPool2d() implements Layer {
  @Override
  public List<Parameter> parameters() {
    return List.of();
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    Checks.image("GlobalAvgPool2d", inputShape);
    return new long[] {inputShape[0]};
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.mean(2, 3);
  }
}
