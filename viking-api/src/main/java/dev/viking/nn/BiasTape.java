package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link Bias}: sums over what is repeated. */
final class BiasTape extends Tape {
  private final Tensor bias;
  private final long[] shape;
  // The dimensions of a batch along which the bias is repeated, without and with the batch itself.
  private final long[] repeated;
  private final long[] summed;
  private long[] inputShape = {};

  BiasTape(Bias layer, List<Tensor> parameters) {
    this.bias = parameters.get(0);
    this.shape = layer.shape();
    this.repeated =
        LongStream.range(0, shape.length)
            .filter(i -> shape[(int) i] == 1)
            .map(i -> i + 1)
            .toArray();
    this.summed = LongStream.concat(LongStream.of(0), LongStream.of(repeated)).toArray();
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Collections.singletonList(bias);
  }

  @Override
  Tensor forward(Tensor inputs) {
    inputShape = inputs.shape();
    return inputs.add(bias);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return cotangent;
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    slots.get(0).view(shape).copy_(cotangent.sum(summed, true).squeeze(0));
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    Tensor own = repeated.length == 0 ? cotangent : cotangent.sum(repeated, true);
    rows.get(0).copy_(own.flatten(1, -1));
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    long[] batchShape = new long[shape.length + 1];
    batchShape[0] = -1;
    System.arraycopy(shape, 0, batchShape, 1, shape.length);
    Tensor own = directions.perExample(0).view(batchShape);
    return tangent == null ? own.expand(inputShape).contiguous() : tangent.add(own);
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return tangent;
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    if (tangent == null) {
      slots.get(0).zero_();
    } else {
      gradient(tangent, slots);
    }
  }
}
