package dev.viking.nn;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link MaxPool2d}: values move between the winners' places and the windows. */
final class MaxPool2dTape extends Tape {
  private static final long[] ONE = {1, 1};

  private final long[] kernel;
  private final long[] stride;
  private final long[] padding;
  private @Nullable Tensor inputs;
  private @Nullable Tensor winners;

  MaxPool2dTape(MaxPool2d layer) {
    this.kernel = new long[] {layer.kernel(), layer.kernel()};
    this.stride = new long[] {layer.stride(), layer.stride()};
    this.padding = new long[] {layer.padding(), layer.padding()};
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Arrays.asList(inputs, winners);
  }

  @Override
  Tensor forward(Tensor inputs) {
    this.inputs = inputs;
    if (isTiledByTwo(inputs)) {
      return pairs(inputs);
    }
    List<@Nullable Tensor> results =
        NativeOps.MAX_POOL2D_WITH_INDICES.callAll(inputs, kernel, stride, padding);
    winners = results.get(1);
    return Objects.requireNonNull(results.get(0), "values");
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    Tensor seen = savedInputs();
    Tensor places = savedWinners();
    if (groups > 1) {
      seen = seen.narrow(0, 0, 1).expand(cotangent.size(0), -1, -1, -1);
      places = places.repeatInterleave(groups, 0);
    }
    return NativeOps.MAX_POOL2D_BACKWARD.call(
        cotangent, seen, kernel, stride, padding, ONE, false, places);
  }

  @Override
  @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    if (tangent == null) {
      return null;
    }
    Tensor places = savedWinners();
    return tangent.flatten(2, -1).gather(2, places.flatten(2, -1)).view(places.shape());
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : backward(tangent, 1);
  }

  private boolean isTiledByTwo(Tensor images) {
    return kernel[0] == 2
        && stride[0] == 2
        && padding[0] == 0
        && images.size(2) % 2 == 0
        && images.size(3) % 2 == 0
        && images.device().type() == Device.Type.CPU
        && images.isContiguous();
  }

  /**
   * Pooling of 2x2 tiles as two rounds of pairwise maxima, first along rows. The strict comparisons
   * keep the first of equal values, as libtorch does. Its own kernel takes a branch for each value,
   * and twice the time.
   */
  private Tensor pairs(Tensor images) {
    try (Scope scope = Scope.open()) {
      long height = images.size(2);
      long width = images.size(3);
      Tensor left = images.slice(3, 0, width, 2);
      Tensor right = images.slice(3, 1, width, 2);
      Tensor rowMaxima = left.maximum(right);
      Tensor places = arange(0, height * width, 2).view(height, width / 2).add(right.gt(left));
      Tensor top = rowMaxima.slice(2, 0, height, 2);
      Tensor bottom = rowMaxima.slice(2, 1, height, 2);
      Tensor rows = arange(0, height, 2).mul(width / 2).unsqueeze(1);
      Tensor chosen =
          NativeOps.ADD.call(rows.add(arange(0, width / 2, 1)), bottom.gt(top), width / 2);
      winners =
          scope.keep(places.flatten(2, -1).gather(2, chosen.flatten(2, -1)).view(chosen.shape()));
      return scope.keep(top.maximum(bottom));
    }
  }

  private static Tensor arange(long start, long end, long step) {
    return Tensor.arange((double) start, (double) end, (double) step, DType.INT64);
  }

  private Tensor savedInputs() {
    return Objects.requireNonNull(inputs, "forward has not run");
  }

  private Tensor savedWinners() {
    return Objects.requireNonNull(winners, "forward has not run");
  }
}
