package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of a {@link Conv2d} with one group over small images, as matrix products with the
 * windows of the inputs.
 *
 * <p>The windows ("columns") are a strided view of the inputs made contiguous once; the forward
 * pass, the rows, the gradient and the second derivatives all use them. With small images that
 * beats the convolution kernels of libtorch, whose set-up costs more than the work.
 */
final class ColumnConv2dTape extends Tape {
  private static final long[] BATCH = {0};
  private static final long[] WINDOWS = {2};
  private static final long[] BATCH_AND_WINDOWS = {0, 2};

  private final Conv2d layer;
  private final Tensor weight;
  private final @Nullable Tensor bias;
  private final long columnSize;
  private @Nullable Tensor inputs;
  private @Nullable Tensor columns;
  private @Nullable Tensor columnTangent;
  private long height;
  private long width;

  ColumnConv2dTape(Conv2d layer, List<Tensor> parameters) {
    this.layer = layer;
    this.weight = parameters.get(0);
    this.bias = layer.bias() ? parameters.get(1) : null;
    this.columnSize = layer.columnSize();
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Arrays.asList(weight, bias, inputs, columns);
  }

  @Override
  Tensor forward(Tensor inputs) {
    this.inputs = inputs;
    height = layer.window().outputHeight(inputs.size(2));
    width = layer.window().outputWidth(inputs.size(3));
    Tensor windows = Windows.columns(inputs, layer.window());
    columns = windows;
    Tensor kernels = weight.view(1, layer.outputs(), columnSize).expand(windows.size(0), -1, -1);
    return image(
        bias == null
            ? kernels.bmm(windows)
            : bias.view(1, layer.outputs(), 1).baddbmm(kernels, windows, 1, 1));
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return convolutionBackward(cotangent, weight);
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    Tensor outputs = flat(cotangent);
    Tensor perExample = outputs.bmm(savedColumns().transpose(1, 2));
    NativeOps.SUM_OUT.call(perExample, BATCH, false, null, matrix(slots));
    if (bias != null) {
      NativeOps.SUM_OUT.call(outputs, BATCH_AND_WINDOWS, false, null, slots.get(1));
    }
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    Tensor windows = savedColumns().transpose(1, 2);
    if (groups == 1) {
      NativeOps.BMM_OUT.call(
          flat(cotangent), windows, rows.get(0).view(-1, layer.outputs(), columnSize));
    } else {
      Tensor grouped = cotangent.reshape(-1, groups * layer.outputs(), height * width);
      rows.get(0).copy_(grouped.bmm(windows).view(-1, layer.outputs() * columnSize));
    }
    if (bias != null) {
      NativeOps.SUM_OUT.call(flat(cotangent), WINDOWS, false, null, rows.get(1));
    }
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    Tensor windows = savedColumns();
    long batch = windows.size(0);
    Tensor moving = kernels(directions).expand(batch, -1, -1);
    Tensor result =
        bias == null
            ? moving.bmm(windows)
            : directions.perExample(1).unsqueeze(2).baddbmm(moving, windows, 1, 1);
    columnTangent = null;
    if (tangent != null) {
      Tensor moved = Windows.columns(tangent, layer.window());
      columnTangent = moved;
      Tensor kernels = weight.view(1, layer.outputs(), columnSize).expand(batch, -1, -1);
      NativeOps.BADDBMM_.call(result, kernels, moved);
    }
    return image(result);
  }

  @Override
  Tensor backwardTangent(Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    Tensor kernels = kernels(directions);
    if (directions.isShared()) {
      Tensor moved = convolutionBackward(cotangent, kernels.view(weight.shape()));
      return tangent == null ? moved : moved.add_(convolutionBackward(tangent, weight));
    }
    Tensor moved = kernels.transpose(1, 2).bmm(flat(cotangent));
    if (tangent != null) {
      Tensor shared = weight.view(1, layer.outputs(), columnSize).transpose(1, 2);
      NativeOps.BADDBMM_.call(moved, shared.expand(moved.size(0), -1, -1), flat(tangent));
    }
    return Windows.images(moved, layer.window(), savedInputs());
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    Tensor perExample = null;
    if (tangent != null) {
      Tensor outputs = flat(tangent);
      perExample = outputs.bmm(savedColumns().transpose(1, 2));
      if (bias != null) {
        NativeOps.SUM_OUT.call(outputs, BATCH_AND_WINDOWS, false, null, slots.get(1));
      }
    } else if (bias != null) {
      slots.get(1).zero_();
    }
    if (columnTangent != null) {
      Tensor moved = columnTangent.transpose(1, 2);
      if (perExample == null) {
        perExample = flat(cotangent).bmm(moved);
      } else {
        NativeOps.BADDBMM_.call(perExample, flat(cotangent), moved);
      }
    }
    if (perExample == null) {
      slots.get(0).zero_();
    } else {
      NativeOps.SUM_OUT.call(perExample, BATCH, false, null, matrix(slots));
    }
  }

  /** The directions of the weight: [1 or B, outputs, columnSize]. */
  private Tensor kernels(Directions.Part directions) {
    return directions.perExample(0).view(-1, layer.outputs(), columnSize);
  }

  private Tensor convolutionBackward(Tensor cotangent, Tensor kernel) {
    return KernelConv2dTape.inputCotangent(layer, cotangent, savedInputs(), kernel);
  }

  private Tensor image(Tensor flat) {
    return flat.view(-1, layer.outputs(), height, width);
  }

  private Tensor flat(Tensor image) {
    return image.reshape(-1, layer.outputs(), height * width);
  }

  private Tensor matrix(List<Tensor> slots) {
    return slots.get(0).view(layer.outputs(), columnSize);
  }

  private Tensor savedInputs() {
    return Objects.requireNonNull(inputs, "forward has not run");
  }

  private Tensor savedColumns() {
    return Objects.requireNonNull(columns, "forward has not run");
  }
}
