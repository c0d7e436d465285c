package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/** Makes one vector of each example, row-major (channels first). */
public record Flatten() implements Layer {
  @Override
  public List<Parameter> parameters() {
    return List.of();
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    return new long[] {Arrays.stream(inputShape).reduce(1, Math::multiplyExact)};
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.flatten(1, -1);
  }
}
