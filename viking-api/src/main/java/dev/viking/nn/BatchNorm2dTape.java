package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of {@link BatchNorm2d}, which is {@code y = x scale + shift} for each channel with
 * {@code scale = weight r} and {@code shift = bias - weight c}; r is the inverse deviation and c
 * the mean times r, both constant.
 */
final class BatchNorm2dTape extends Tape {
  private static final long[] PLANE = {2, 3};
  private static final long[] BATCH_AND_PLANE = {0, 2, 3};

  private final BatchNorm2d layer;
  private final Tensor scale;
  private final Tensor shift;
  private final Tensor inverseDeviations;
  private final Tensor scaledMeans;
  private @Nullable Tensor inputs;
  private @Nullable Tensor inputTangent;
  private @Nullable Tensor scaleTangent;

  BatchNorm2dTape(BatchNorm2d layer, List<Tensor> parameters) {
    Tensor weight = parameters.get(0);
    this.layer = layer;
    this.inverseDeviations = layer.inverseDeviations(weight);
    this.scaledMeans = layer.scaledMeans(weight);
    this.scale = channels(weight.mul(inverseDeviations));
    this.shift = channels(parameters.get(1).addcmul(weight, scaledMeans, -1));
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Arrays.asList(scale, shift, inverseDeviations, scaledMeans, inputs);
  }

  @Override
  Tensor forward(Tensor inputs) {
    this.inputs = inputs;
    return BatchNorm2d.scaled(inputs, scale, shift);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return cotangent.mul(scale);
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    NativeOps.SUM_OUT.call(cotangent, BATCH_AND_PLANE, false, null, slots.get(1));
    Tensor product = cotangent.mul(savedInputs()).sum(BATCH_AND_PLANE, false);
    slots.get(0).copy_(normalised(product, slots.get(1)));
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    NativeOps.SUM_OUT.call(cotangent, PLANE, false, null, rows.get(1));
    rows.get(0).copy_(normalised(products(cotangent, savedInputs(), groups), rows.get(1)));
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    Tensor weight = directions.perExample(0);
    Tensor moved = channels(weight.mul(inverseDeviations));
    Tensor offset = channels(directions.perExample(1).addcmul(weight, scaledMeans, -1));
    inputTangent = tangent;
    scaleTangent = moved;
    Tensor result = BatchNorm2d.scaled(savedInputs(), moved, offset);
    return tangent == null ? result : result.addcmul_(tangent, scale, 1);
  }

  @Override
  List<@Nullable Tensor> savedTangents() {
    return Arrays.asList(inputTangent, scaleTangent);
  }

  @Override
  Tensor backwardTangent(Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    Tensor result = cotangent.mul(Objects.requireNonNull(scaleTangent, "tangent has not run"));
    return tangent == null ? result : result.addcmul_(tangent, scale, 1);
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    if (tangent == null) {
      slots.forEach(Tensor::zero_);
    } else {
      gradient(tangent, slots);
    }
    if (inputTangent != null) {
      Tensor product = cotangent.mul(inputTangent).sum(BATCH_AND_PLANE, false);
      slots.get(0).addcmul_(product, inverseDeviations, 1);
    }
  }

  /** The sums of {@code cotangent x normalised inputs} from those with the inputs as they are. */
  private Tensor normalised(Tensor products, Tensor sums) {
    return products.mul_(inverseDeviations).addcmul_(sums, scaledMeans, -1);
  }

  /** The sum of {@code cotangent x inputs} over each plane, [B * groups, channels]. */
  private Tensor products(Tensor cotangent, Tensor seen, long groups) {
    if (groups == 1) {
      return cotangent.mul(seen).sum(PLANE, false);
    }
    long plane = seen.size(2) * seen.size(3);
    return cotangent
        .reshape(seen.size(0), groups, layer.channels(), plane)
        .mul(seen.reshape(seen.size(0), 1, layer.channels(), plane))
        .sum(3, false)
        .flatten(0, 1);
  }

  private Tensor channels(Tensor values) {
    return values.view(-1, layer.channels(), 1, 1);
  }

  private Tensor savedInputs() {
    return Objects.requireNonNull(inputs, "forward has not run");
  }
}
