package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of {@link Conv2d} by libtorch's convolution kernels.
 *
 * <p>Only the inputs are saved. Each example's own direction is a convolution in as many groups as
 * examples. The rows are products with the windows, which are laid out for the occasion: along the
 * rows of the images only where the stride allows it, which is a third of the copy for a 3x3
 * kernel.
 */
final class KernelConv2dTape extends Tape {
  private static final long[] BATCH_AND_PLANE = {0, 2, 3};
  private static final long[] PLANE = {2, 3};
  private static final long[] ZERO = {0, 0};
  private static final boolean[] INPUT_ONLY = {true, false, false};
  private static final boolean[] WEIGHT_ONLY = {false, true, false};

  private final Conv2d layer;
  // The layer with padding that the kernels know; uneven padding is made beforehand.
  private final Conv2d even;
  private final Tensor weight;
  private final @Nullable Tensor bias;
  private @Nullable Tensor inputs;
  private @Nullable Tensor inputTangent;

  KernelConv2dTape(Conv2d layer, List<Tensor> parameters) {
    this.layer = layer;
    this.even =
        layer.window().isSymmetric()
            ? layer
            : new Conv2d(
                layer.name(),
                layer.inputs(),
                layer.outputs(),
                layer.window().padding(0),
                layer.groups(),
                layer.bias());
    this.weight = parameters.get(0);
    this.bias = layer.bias() ? parameters.get(1) : null;
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Arrays.asList(weight, bias, inputs);
  }

  @Override
  Tensor forward(Tensor inputs) {
    Tensor seen = padded(inputs);
    this.inputs = seen;
    return even.convolve(seen, weight, bias);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return cropped(inputCotangent(even, cotangent, savedInputs(), weight));
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    matrix(slots.get(0)).copy_(weightGradient(cotangent, savedInputs()));
    biasGradient(cotangent, slots);
  }

  @Override
  Tape part(long first, long count) {
    List<Tensor> parameters = bias == null ? List.of(weight) : List.of(weight, bias);
    KernelConv2dTape part =
        new KernelConv2dTape(
            Conv2dTape.partOf(layer, count), Conv2dTape.partOf(parameters, first, count));
    part.inputs = inputs;
    return part;
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    if (bias != null) {
      NativeOps.SUM_OUT.call(cotangent, PLANE, false, null, rows.get(1));
    }
    long height = cotangent.size(2);
    long windows = height * cotangent.size(3);
    Tensor seen = savedInputs();
    Window window = even.window();
    if (layer.groups() == 1 && window.strideHeight() == 1) {
      Tensor grouped = cotangent.reshape(-1, groups * layer.outputs(), windows);
      Tensor shifted = Windows.shifted(seen, window);
      Tensor kernels =
          rows.get(0)
              .view(
                  -1, layer.outputs(), layer.inputs(), window.kernelHeight(), window.kernelWidth());
      for (long i = 0; i < window.kernelHeight(); i++) {
        Tensor product = grouped.bmm(Windows.row(shifted, window, i, height).transpose(1, 2));
        kernels
            .select(3, i)
            .copy_(product.view(-1, layer.outputs(), layer.inputs(), window.kernelWidth()));
      }
      return;
    }
    long parts = layer.groups();
    long own = layer.outputs() / parts;
    long batch = seen.size(0);
    Tensor columns = Windows.columns(seen, window).view(batch * parts, layer.columnSize(), windows);
    Tensor moved =
        cotangent
            .reshape(batch, groups, parts, own, windows)
            .transpose(1, 2)
            .reshape(batch * parts, groups * own, windows);
    Tensor product =
        moved
            .bmm(columns.transpose(1, 2))
            .view(batch, parts, groups, own * layer.columnSize())
            .transpose(1, 2);
    rows.get(0).view(batch, groups, parts, own * layer.columnSize()).copy_(product);
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    Tensor result = moved(directions);
    inputTangent = null;
    if (tangent != null) {
      Tensor seen = padded(tangent);
      inputTangent = seen;
      result.add_(even.convolve(seen, weight, null));
    }
    return result;
  }

  @Override
  List<@Nullable Tensor> savedTangents() {
    return Collections.singletonList(inputTangent);
  }

  @Override
  Tensor backwardTangent(Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    Tensor result = movedBack(cotangent, directions);
    if (tangent != null) {
      result.add_(inputCotangent(even, tangent, savedInputs(), weight));
    }
    return cropped(result);
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    Tensor slot = matrix(slots.get(0));
    if (tangent == null) {
      slots.forEach(Tensor::zero_);
    } else {
      slot.copy_(weightGradient(tangent, savedInputs()));
      biasGradient(tangent, slots);
    }
    if (inputTangent != null) {
      slot.add_(weightGradient(cotangent, inputTangent));
    }
  }

  /** The convolution of each example with its own direction, bias included. */
  private Tensor moved(Directions.Part directions) {
    Tensor seen = savedInputs();
    if (directions.isShared()) {
      Tensor offset = bias == null ? null : directions.perExample(1).flatten();
      return even.convolve(seen, kernels(directions.perExample(0)), offset);
    }
    long batch = seen.size(0);
    Tensor offset = bias == null ? null : directions.perExample(1).flatten();
    Conv2d joint = joint(batch);
    Tensor result = joint.convolve(merged(seen), kernels(directions.perExample(0)), offset);
    return result.view(batch, layer.outputs(), result.size(2), result.size(3));
  }

  /** {@link #backward} of each example with its own direction. */
  private Tensor movedBack(Tensor cotangent, Directions.Part directions) {
    Tensor seen = savedInputs();
    if (directions.isShared()) {
      return inputCotangent(even, cotangent, seen, kernels(directions.perExample(0)));
    }
    long batch = seen.size(0);
    return inputCotangent(
            joint(batch), merged(cotangent), merged(seen), kernels(directions.perExample(0)))
        .view(seen.shape());
  }

  /** All examples as groups of one. */
  private Conv2d joint(long batch) {
    return new Conv2d(
        layer.name(),
        batch * layer.inputs(),
        batch * layer.outputs(),
        even.window(),
        batch * layer.groups(),
        layer.bias());
  }

  private Tensor weightGradient(Tensor cotangent, Tensor seen) {
    Tensor gradient =
        NativeOps.CONVOLUTION_BACKWARD
            .callAll(
                cotangent,
                seen,
                weight,
                null,
                even.window().strides(),
                even.nativePadding(),
                even.window().dilations(),
                false,
                ZERO,
                even.groups(),
                WEIGHT_ONLY)
            .get(1);
    return Objects.requireNonNull(gradient, "gradient");
  }

  private void biasGradient(Tensor cotangent, List<Tensor> slots) {
    if (bias != null) {
      NativeOps.SUM_OUT.call(cotangent, BATCH_AND_PLANE, false, null, slots.get(1));
    }
  }

  /**
   * The cotangent of the inputs, [N, inputs, rows, columns], for any kernel.
   *
   * @param cotangent [N, outputs, height, width]
   * @param like images of the inputs' sizes; their number and values do not matter
   */
  static Tensor inputCotangent(Conv2d layer, Tensor cotangent, Tensor like, Tensor kernel) {
    Tensor seen = like;
    if (!layer.window().isSymmetric()) {
      seen = seen.narrow(0, 0, 1).pad(layer.window().pads(), 0);
    }
    if (cotangent.size(0) != seen.size(0)) {
      seen = seen.narrow(0, 0, 1).expand(cotangent.size(0), -1, -1, -1);
    }
    Tensor result =
        NativeOps.CONVOLUTION_BACKWARD.call(
            cotangent,
            seen,
            kernel,
            null,
            layer.window().strides(),
            layer.nativePadding(),
            layer.window().dilations(),
            false,
            ZERO,
            layer.groups(),
            INPUT_ONLY);
    return layer.window().isSymmetric() ? result : Windows.crop(result, layer.window(), like);
  }

  private Tensor padded(Tensor images) {
    return even.equals(layer) ? images : images.pad(layer.window().pads(), 0);
  }

  private Tensor cropped(Tensor images) {
    if (even.equals(layer)) {
      return images;
    }
    Window window = layer.window();
    return images
        .narrow(2, window.top(), images.size(2) - window.top() - window.bottom())
        .narrow(3, window.left(), images.size(3) - window.left() - window.right())
        .contiguous();
  }

  /** Kernels side by side from one or more directions. */
  private Tensor kernels(Tensor directions) {
    return directions.reshape(
        -1,
        layer.inputs() / layer.groups(),
        layer.window().kernelHeight(),
        layer.window().kernelWidth());
  }

  private Tensor matrix(Tensor flat) {
    return flat.view(
        -1,
        layer.inputs() / layer.groups(),
        layer.window().kernelHeight(),
        layer.window().kernelWidth());
  }

  private static Tensor merged(Tensor images) {
    return images.reshape(1, -1, images.size(2), images.size(3));
  }

  private Tensor savedInputs() {
    return Objects.requireNonNull(inputs, "forward has not run");
  }
}
