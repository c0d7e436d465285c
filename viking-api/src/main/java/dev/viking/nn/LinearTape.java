package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link Linear}. */
final class LinearTape extends Tape {
  private static final long[] BATCH = {0};

  private final Linear layer;
  private final Tensor weight;
  private final Tensor bias;
  private @Nullable Tensor inputs;
  private @Nullable Tensor inputTangent;

  LinearTape(Linear layer, List<Tensor> parameters) {
    this.layer = layer;
    this.weight = parameters.get(0);
    this.bias = parameters.get(1);
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Arrays.asList(weight, bias, inputs);
  }

  @Override
  Tensor forward(Tensor inputs) {
    this.inputs = inputs;
    return inputs.linear(weight, bias);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return cotangent.mm(weight);
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    NativeOps.MM_OUT.call(cotangent.t(), savedInputs(), matrix(slots));
    NativeOps.SUM_OUT.call(cotangent, BATCH, false, null, slots.get(1));
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    if (groups == 1) {
      NativeOps.BMM_OUT.call(
          cotangent.unsqueeze(2),
          savedInputs().unsqueeze(1),
          rows.get(0).view(-1, layer.outputs(), layer.inputs()));
    } else {
      NativeOps.MUL_OUT.call(
          cotangent.view(-1, groups, layer.outputs(), 1),
          savedInputs().view(-1, 1, 1, layer.inputs()),
          rows.get(0).view(-1, groups, layer.outputs(), layer.inputs()));
    }
    rows.get(1).copy_(cotangent);
  }

  @Override
  Block factored(Tensor cotangent, long groups, long start) {
    return new OuterBlock(savedInputs().detach(), cotangent.detach(), groups, true, start);
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    inputTangent = tangent;
    Tensor result = directions.apply(savedInputs(), 0, layer.outputs(), layer.inputs(), false);
    result.add_(directions.perExample(1));
    return tangent == null ? result : result.addmm_(tangent, weight.t(), 1, 1);
  }

  @Override
  Tensor backwardTangent(Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    Tensor result = directions.apply(cotangent, 0, layer.outputs(), layer.inputs(), true);
    return tangent == null ? result : result.addmm_(tangent, weight, 1, 1);
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    Tensor matrix = matrix(slots);
    if (tangent == null) {
      matrix.zero_();
      slots.get(1).zero_();
    } else {
      NativeOps.MM_OUT.call(tangent.t(), savedInputs(), matrix);
      NativeOps.SUM_OUT.call(tangent, BATCH, false, null, slots.get(1));
    }
    if (inputTangent != null) {
      matrix.addmm_(cotangent.t(), inputTangent, 1, 1);
    }
  }

  private Tensor matrix(List<Tensor> slots) {
    return slots.get(0).view(layer.outputs(), layer.inputs());
  }

  private Tensor savedInputs() {
    return Objects.requireNonNull(inputs, "forward has not run");
  }
}
