package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link Linear}. Inputs with positions are seen as [B, positions, inputs]. */
final class LinearTape extends Tape {
  private static final long[] BATCH = {0};
  private static final long[] POSITIONS = {1};

  private final Linear layer;
  private final Tensor weight;
  private final @Nullable Tensor bias;
  private @Nullable Tensor inputs;
  private @Nullable Tensor inputTangent;
  private long[] between = {};

  LinearTape(Linear layer, List<Tensor> parameters) {
    this.layer = layer;
    this.weight = parameters.get(0);
    this.bias = layer.bias() ? parameters.get(1) : null;
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Arrays.asList(weight, bias, inputs);
  }

  @Override
  Tensor forward(Tensor inputs) {
    long[] shape = inputs.shape();
    between = Arrays.copyOfRange(shape, 1, shape.length - 1);
    this.inputs = flat(inputs);
    return inputs.linear(weight, bias);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return cotangent.matmul(weight);
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    Tensor outputs = joined(cotangent);
    NativeOps.MM_OUT.call(outputs.t(), joined(savedInputs()), matrix(slots));
    if (bias != null) {
      NativeOps.SUM_OUT.call(outputs, BATCH, false, null, slots.get(1));
    }
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    if (between.length > 0) {
      rowsOverPositions(flat(cotangent), groups, rows);
      return;
    }
    NativeOps.MUL_OUT.call(
        cotangent.view(-1, groups, layer.outputs(), 1),
        savedInputs().view(-1, 1, 1, layer.inputs()),
        rows.get(0).view(-1, groups, layer.outputs(), layer.inputs()));
    if (bias != null) {
      rows.get(1).copy_(cotangent);
    }
  }

  @Override
  @Nullable Block factored(Tensor cotangent, long groups, long start) {
    return between.length > 0
        ? null
        : new OuterBlock(savedInputs().detach(), cotangent.detach(), groups, bias != null, start);
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    inputTangent = tangent == null ? null : flat(tangent);
    Tensor result = directions.apply(savedInputs(), 0, layer.outputs(), layer.inputs(), false);
    if (bias != null) {
      Tensor offset = directions.perExample(1);
      result.add_(between.length == 0 ? offset : offset.unsqueeze(1));
    }
    return added(result, tangent, weight.t(), layer.outputs());
  }

  @Override
  List<@Nullable Tensor> savedTangents() {
    return Collections.singletonList(inputTangent);
  }

  @Override
  Tensor backwardTangent(Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    Tensor result = directions.apply(flat(cotangent), 0, layer.outputs(), layer.inputs(), true);
    return added(result, tangent, weight, layer.inputs());
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    Tensor matrix = matrix(slots);
    if (tangent == null) {
      slots.forEach(Tensor::zero_);
    } else {
      gradient(tangent, slots);
    }
    if (inputTangent != null) {
      matrix.addmm_(joined(cotangent).t(), joined(inputTangent), 1, 1);
    }
  }

  private void rowsOverPositions(Tensor cotangent, long groups, List<Tensor> rows) {
    Tensor seen = savedInputs();
    long batch = seen.size(0);
    long positions = seen.size(1);
    Tensor columns =
        groups == 1
            ? cotangent.transpose(1, 2)
            : cotangent
                .view(batch, groups, positions, layer.outputs())
                .transpose(2, 3)
                .reshape(batch, groups * layer.outputs(), positions);
    rows.get(0).copy_(columns.bmm(seen).view(-1, layer.outputs() * layer.inputs()));
    if (bias != null) {
      NativeOps.SUM_OUT.call(cotangent, POSITIONS, false, null, rows.get(1));
    }
  }

  /** Adds {@code tangent matrix} and gives the positions their dimensions back. */
  private Tensor added(Tensor result, @Nullable Tensor tangent, Tensor matrix, long size) {
    if (between.length == 0) {
      return tangent == null ? result : result.addmm_(tangent, matrix, 1, 1);
    }
    if (tangent != null) {
      result.view(-1, size).addmm_(joined(tangent), matrix, 1, 1);
    }
    long[] shape = new long[between.length + 2];
    shape[0] = -1;
    System.arraycopy(between, 0, shape, 1, between.length);
    shape[shape.length - 1] = size;
    return result.view(shape);
  }

  /** [n, positions, last], or [n, last] without positions. */
  private Tensor flat(Tensor values) {
    return between.length < 2 ? values : values.flatten(1, -2);
  }

  /** [n * positions, last]. */
  private Tensor joined(Tensor values) {
    return between.length == 0 ? values : values.flatten(0, -2);
  }

  private Tensor matrix(List<Tensor> slots) {
    return slots.get(0).view(layer.outputs(), layer.inputs());
  }

  private Tensor savedInputs() {
    return Objects.requireNonNull(inputs, "forward has not run");
  }
}
