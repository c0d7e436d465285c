package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link GlobalAvgPool2d} and {@link MeanOverPositions}, which are linear. */
final class MeanTape extends Tape {
  private final long[] dims;
  private long[] inputShape = {};
  private long[] keptShape = {};
  private double share;

  private MeanTape(long... dims) {
    this.dims = dims;
  }

  static MeanTape overImages() {
    return new MeanTape(2, 3);
  }

  static MeanTape overPositions() {
    return new MeanTape(1);
  }

  @Override
  List<@Nullable Tensor> saved() {
    return List.of();
  }

  @Override
  Tensor forward(Tensor inputs) {
    inputShape = inputs.shape();
    keptShape = inputs.shape();
    keptShape[0] = -1;
    long count = 1;
    for (long dim : dims) {
      count *= inputShape[(int) dim];
      keptShape[(int) dim] = 1;
    }
    share = 1.0 / count;
    return inputs.mean(dims);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    long[] shape = inputShape.clone();
    shape[0] = cotangent.size(0);
    return cotangent.mul(share).view(keptShape).expand(shape).contiguous();
  }

  @Override
  @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : tangent.mean(dims);
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : backward(tangent, 1);
  }
}
