package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of {@link Conv2d}, by matrix products or by libtorch's convolution kernels, whichever
 * is faster for the size of the images.
 */
final class Conv2dTape extends Tape {
  // Elements of the windows of one example. Up to here they stay in the cache and are copied in no
  // time; beyond, the kernels are as fast, and copies of the inputs nine times their size are not
  // made. Measured between LeNet's first layer (14,400) and that of a ResNet for CIFAR (27,648).
  private static final long FEW = 20_000;

  private final Conv2d layer;
  private final List<Tensor> parameters;
  private @Nullable Tape chosen;
  private @Nullable Tape shared;

  Conv2dTape(Conv2d layer, List<Tensor> parameters) {
    this.layer = layer;
    this.parameters = parameters;
  }

  @Override
  List<@Nullable Tensor> saved() {
    return chosen().saved();
  }

  @Override
  Tensor forward(Tensor inputs) {
    long windows =
        layer.window().outputHeight(inputs.size(2)) * layer.window().outputWidth(inputs.size(3));
    Tape tape =
        layer.groups() == 1 && layer.columnSize() * windows <= FEW
            ? new ColumnConv2dTape(layer, parameters)
            : new KernelConv2dTape(layer, parameters);
    chosen = tape;
    if (shared != null) {
      tape.shareInputs(shared);
      shared = null;
    }
    return tape.forward(inputs);
  }

  @Override
  void shareInputs(Tape other) {
    if (other instanceof Conv2dTape same) {
      shared = same.chosen;
    }
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return chosen().backward(cotangent, groups);
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    chosen().gradient(cotangent, slots);
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    chosen().rows(cotangent, groups, rows);
  }

  @Override
  long parts() {
    return layer.groups() == 1 ? layer.outputs() : 1;
  }

  @Override
  Tape part(long first, long count) {
    return chosen().part(first, count);
  }

  /** A layer of some output channels. */
  static Conv2d partOf(Conv2d layer, long count) {
    return new Conv2d(layer.name(), layer.inputs(), count, layer.window(), 1, layer.bias());
  }

  /** Their parameters. */
  static List<Tensor> partOf(List<Tensor> parameters, long first, long count) {
    return parameters.stream().map(tensor -> tensor.narrow(0, first, count)).toList();
  }

  @Override
  @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    return chosen().tangent(tangent, directions);
  }

  @Override
  List<@Nullable Tensor> savedTangents() {
    return chosen().savedTangents();
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return chosen().backwardTangent(cotangent, tangent, directions);
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    chosen().gradientTangent(cotangent, tangent, slots);
  }

  private Tape chosen() {
    return Objects.requireNonNull(chosen, "forward has not run");
  }
}
