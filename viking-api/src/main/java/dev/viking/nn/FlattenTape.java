package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link Flatten}: the same numbers in another shape. */
final class FlattenTape extends Tape {
  private long[] shape = {};

  @Override
  List<@Nullable Tensor> saved() {
    return List.of();
  }

  @Override
  Tensor forward(Tensor inputs) {
    shape = inputs.shape();
    shape[0] = -1;
    return inputs.flatten(1, -1);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return cotangent.reshape(shape);
  }

  @Override
  @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : tangent.flatten(1, -1);
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : tangent.reshape(shape);
  }
}
