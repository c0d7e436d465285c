package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Collections;
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

  // Elements of windows of all cotangents, beyond which they are no longer made.
  private static final long MANY_WINDOWS = 1 << 22;

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
    Tensor windows = columns == null ? Windows.columns(inputs, layer.window()) : columns;
    columns = windows;
    return image(SmallProducts.of(kernel(), windows, bias));
  }

  @Override
  void shareInputs(Tape other) {
    if (other instanceof ColumnConv2dTape same && same.columns != null) {
      columns = same.columns.detach();
    }
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return convolutionBackward(cotangent, weight);
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    Tensor outputs = flat(cotangent);
    Tensor perExample = SmallProducts.of(outputs, savedColumns().transpose(1, 2));
    NativeOps.SUM_OUT.call(perExample, BATCH, false, null, matrix(slots));
    if (bias != null) {
      NativeOps.SUM_OUT.call(outputs, BATCH_AND_WINDOWS, false, null, slots.get(1));
    }
  }

  @Override
  Tape part(long first, long count) {
    List<Tensor> parameters = bias == null ? List.of(weight) : List.of(weight, bias);
    ColumnConv2dTape part =
        new ColumnConv2dTape(
            Conv2dTape.partOf(layer, count), Conv2dTape.partOf(parameters, first, count));
    part.inputs = inputs;
    part.columns = columns;
    part.height = height;
    part.width = width;
    return part;
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    Tensor windows = savedColumns().transpose(1, 2);
    // A batched product straight into rows that are apart would be made one by one.
    Tensor grouped = cotangent.reshape(-1, groups * layer.outputs(), height * width);
    rows.get(0).copy_(SmallProducts.of(grouped, windows).view(-1, layer.outputs() * columnSize));
    if (bias != null) {
      NativeOps.SUM_OUT.call(flat(cotangent), WINDOWS, false, null, rows.get(1));
    }
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    Tensor windows = savedColumns();
    Tensor offset = bias == null ? null : directions.perExample(1);
    Tensor result = SmallProducts.of(kernels(directions), windows, offset);
    columnTangent = null;
    if (tangent != null) {
      Tensor moved = Windows.columns(tangent, layer.window());
      columnTangent = moved;
      SmallProducts.add(result, kernel(), moved);
    }
    return image(result);
  }

  @Override
  List<@Nullable Tensor> savedTangents() {
    return Collections.singletonList(columnTangent);
  }

  @Override
  Tensor backwardTangent(Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    Tensor kernels = kernels(directions);
    if (directions.isShared()) {
      Tensor moved = convolutionBackward(cotangent, kernels.view(weight.shape()));
      return tangent == null ? moved : moved.add_(convolutionBackward(tangent, weight));
    }
    Tensor moved = SmallProducts.of(kernels.transpose(1, 2), flat(cotangent));
    if (tangent != null) {
      SmallProducts.add(moved, kernel().transpose(1, 2), flat(tangent));
    }
    return Windows.images(moved, layer.window(), savedInputs());
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    Tensor perExample = null;
    if (tangent != null) {
      Tensor outputs = flat(tangent);
      perExample = SmallProducts.of(outputs, savedColumns().transpose(1, 2));
      if (bias != null) {
        NativeOps.SUM_OUT.call(outputs, BATCH_AND_WINDOWS, false, null, slots.get(1));
      }
    } else if (bias != null) {
      slots.get(1).zero_();
    }
    if (columnTangent != null) {
      Tensor moved = columnTangent.transpose(1, 2);
      if (perExample == null) {
        perExample = SmallProducts.of(flat(cotangent), moved);
      } else {
        SmallProducts.add(perExample, flat(cotangent), moved);
      }
    }
    if (perExample == null) {
      slots.get(0).zero_();
    } else {
      NativeOps.SUM_OUT.call(perExample, BATCH, false, null, matrix(slots));
    }
  }

  /** The weight as a matrix: [1, outputs, columnSize]. */
  private Tensor kernel() {
    return weight.view(1, layer.outputs(), columnSize);
  }

  /** The directions of the weight: [1 or B, outputs, columnSize]. */
  private Tensor kernels(Directions.Part directions) {
    return directions.perExample(0).view(-1, layer.outputs(), columnSize);
  }

  private Tensor convolutionBackward(Tensor cotangent, Tensor kernel) {
    Tensor seen = savedInputs();
    long windows = cotangent.size(0) * columnSize * height * width;
    if (windows > MANY_WINDOWS || !SmallProducts.hasKernels(cotangent)) {
      return KernelConv2dTape.inputCotangent(layer, cotangent, seen, kernel);
    }
    Tensor transposed = kernel.view(1, layer.outputs(), columnSize).transpose(1, 2);
    Tensor moved = SmallProducts.of(transposed, flat(cotangent));
    return Windows.images(moved, layer.window(), seen);
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
