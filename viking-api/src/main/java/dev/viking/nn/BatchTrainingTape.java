package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of a batch's loss through a {@link BatchNorm2d} in training mode. With normalised
 * values n and inverse deviations r, the derivative of the normalisation over the batch is {@code J
 * v = r (v - mean(v) - n mean(n v))}, which is symmetric.
 *
 * <p>Nothing else is there: an example's output depends on the whole batch, so that rows of a
 * Jacobian, one for each example, would not mean what they say.
 */
final class BatchTrainingTape extends Tape {
  private static final long[] BATCH_AND_PLANE = {0, 2, 3};

  private final BatchNorm2d layer;
  private final Tensor weight;
  private final Tensor bias;
  private @Nullable Tensor normalised;
  private @Nullable Tensor inverse;

  BatchTrainingTape(BatchNorm2d layer, List<Tensor> parameters) {
    this.layer = layer;
    this.weight = parameters.get(0).view(1, layer.channels(), 1, 1);
    this.bias = parameters.get(1).view(1, layer.channels(), 1, 1);
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Arrays.asList(weight, bias, normalised, inverse);
  }

  @Override
  Tensor forward(Tensor inputs) {
    Tensor apart = inputs.sub(inputs.mean(BATCH_AND_PLANE, true));
    Tensor factor = apart.square().mean(BATCH_AND_PLANE, true).add_(layer.epsilon()).rsqrt();
    Tensor values = apart.mul_(factor);
    normalised = values;
    inverse = factor;
    return BatchNorm2d.scaled(values, weight, bias);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    if (groups != 1) {
      throw refused();
    }
    Tensor values = Objects.requireNonNull(normalised, "forward has not run");
    Tensor seen = cotangent.mul(weight);
    Tensor common = values.mul(values.mul(seen).mean(BATCH_AND_PLANE, true));
    return seen.sub(seen.mean(BATCH_AND_PLANE, true))
        .sub_(common)
        .mul_(Objects.requireNonNull(inverse));
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    Tensor values = Objects.requireNonNull(normalised, "forward has not run");
    slots.get(0).copy_(cotangent.mul(values).sum(BATCH_AND_PLANE, false));
    slots.get(1).copy_(cotangent.sum(BATCH_AND_PLANE, false));
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    throw refused();
  }

  @Override
  @Nullable Block factored(Tensor cotangent, long groups, long start) {
    throw refused();
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    throw refused();
  }

  @Override
  Tensor backwardTangent(Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    throw refused();
  }

  private ArgumentException refused() {
    return new ArgumentException(
        "Linearisation: BatchNorm2d \""
            + layer.name()
            + "\" is in training mode, where an example's output depends on the whole batch; a"
            + " model with constant statistics is needed (BatchStatistics.estimate)");
  }
}
