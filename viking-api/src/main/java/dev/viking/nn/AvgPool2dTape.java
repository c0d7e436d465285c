package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link AvgPool2d}, which is linear. */
final class AvgPool2dTape extends Tape {
  private final long[] kernel;
  private final long[] stride;
  private final long[] padding;
  private @Nullable Tensor inputs;

  AvgPool2dTape(AvgPool2d layer) {
    this.kernel = new long[] {layer.kernel(), layer.kernel()};
    this.stride = new long[] {layer.stride(), layer.stride()};
    this.padding = new long[] {layer.padding(), layer.padding()};
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Collections.singletonList(inputs);
  }

  @Override
  Tensor forward(Tensor inputs) {
    this.inputs = inputs;
    return inputs.avgPool2d(kernel, stride, padding);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    Tensor seen = Objects.requireNonNull(inputs, "forward has not run");
    return NativeOps.AVG_POOL2D_BACKWARD.call(
        cotangent,
        groups == 1 ? seen : seen.narrow(0, 0, 1).expand(cotangent.size(0), -1, -1, -1),
        kernel,
        stride,
        padding,
        false,
        true,
        null);
  }

  @Override
  @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : tangent.avgPool2d(kernel, stride, padding);
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return tangent == null ? null : backward(tangent, 1);
  }
}
