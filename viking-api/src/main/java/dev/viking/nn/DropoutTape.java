package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link Dropout} in training: products with one constant for each number. */
final class DropoutTape extends Tape {
  private final Dropout layer;
  private @Nullable Tensor saved;

  DropoutTape(Dropout layer) {
    this.layer = layer;
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Collections.singletonList(saved);
  }

  @Override
  Tensor forward(Tensor inputs) {
    Tensor mask = layer.mask(inputs);
    saved = mask;
    return inputs.mul(mask);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    Tensor mask = mask();
    if (groups == 1) {
      return cotangent.mul(mask);
    }
    return cotangent.reshape(grouped(mask, groups)).mul(mask.unsqueeze(1)).flatten(0, 1);
  }

  @Override
  @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : tangent.mul(mask());
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : tangent.mul(mask());
  }

  private Tensor mask() {
    return Objects.requireNonNull(saved, "forward has not run");
  }
}
