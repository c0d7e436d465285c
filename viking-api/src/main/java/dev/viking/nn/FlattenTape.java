package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link Flatten} and {@link Unflatten}: the same numbers in another shape. */
final class FlattenTape extends Tape {
  private final long[] outputShape;
  private long[] inputShape = {};

  FlattenTape(Flatten layer) {
    outputShape = new long[] {-1};
  }

  FlattenTape(Unflatten layer) {
    outputShape = layer.batchShape();
  }

  @Override
  List<@Nullable Tensor> saved() {
    return List.of();
  }

  @Override
  Tensor forward(Tensor inputs) {
    inputShape = inputs.shape();
    inputShape[0] = -1;
    return shaped(inputs);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return cotangent.reshape(inputShape);
  }

  @Override
  @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : shaped(tangent);
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : tangent.reshape(inputShape);
  }

  private Tensor shaped(Tensor values) {
    return outputShape.length == 1 ? values.flatten(1, -1) : values.reshape(outputShape);
  }
}
