package dev.viking.nn;

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
  private boolean tiled;

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
    tiled = isTiledByTwo(inputs);
    List<@Nullable Tensor> results =
        tiled
            ? NativeOps.MAX_POOL2X2.callAll(inputs)
            : NativeOps.MAX_POOL2D_WITH_INDICES.callAll(inputs, kernel, stride, padding);
    winners = results.get(1);
    return Objects.requireNonNull(results.get(0), "values");
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    Tensor places = savedWinners();
    if (tiled) {
      return NativeOps.MAX_POOL2X2_BACKWARD.call(cotangent, places, groups);
    }
    Tensor seen = savedInputs();
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
    if (tiled) {
      return NativeOps.MAX_POOL2X2_TANGENT.call(tangent, places);
    }
    return tangent.flatten(2, -1).gather(2, places.flatten(2, -1)).view(places.shape());
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : backward(tangent, 1);
  }

  // libtorch's kernel takes a branch for each value, and many times the time of our own.
  private boolean isTiledByTwo(Tensor images) {
    return kernel[0] == 2
        && stride[0] == 2
        && padding[0] == 0
        && images.size(2) % 2 == 0
        && images.size(3) % 2 == 0
        && SmallProducts.hasKernels(images);
  }

  private Tensor savedInputs() {
    return Objects.requireNonNull(inputs, "forward has not run");
  }

  private Tensor savedWinners() {
    return Objects.requireNonNull(winners, "forward has not run");
  }
}
