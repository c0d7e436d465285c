package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link Upsample2d}, which is linear. */
final class Upsample2dTape extends Tape {
  private final Upsample2d layer;

  Upsample2dTape(Upsample2d layer) {
    this.layer = layer;
  }

  @Override
  List<@Nullable Tensor> saved() {
    return List.of();
  }

  @Override
  Tensor forward(Tensor inputs) {
    return layer.apply(List.of(), inputs);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    long factor = layer.factor();
    return cotangent
        .reshape(
            cotangent.size(0),
            cotangent.size(1),
            cotangent.size(2) / factor,
            factor,
            cotangent.size(3) / factor,
            factor)
        .sum(3, 5);
  }

  @Override
  @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : forward(tangent);
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : backward(tangent, 1);
  }
}
