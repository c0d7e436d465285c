package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One layer at one batch: what its evaluation saved, and its first and second derivatives by hand.
 *
 * <p>B is the batch size. Cotangents may come in G groups for each example (rows of the function
 * Jacobian): their leading dimension is then B * G, example-major. {@code slots} are the layer's
 * parts of a gradient [D], {@code rows} its parts of a Jacobian [B * G, D], both in the order of
 * {@link Layer#parameters()}; every element is overwritten.
 *
 * <p>NOTE [Weighted tangents] The second-order methods compute the gradient of {@code sum_m sum_i
 * w_mi <grad loss_i, v_m>}. All that is linear in a direction is linear in the sum over m too, so
 * one pass with each example's own direction {@code t_i = sum_m w_mi v_m} does it for all m at
 * once: "tangent" below means the derivative of example i along {@code t_i}. {@link Directions}
 * keeps the sum in factored form.
 */
abstract sealed class Tape
    permits LinearTape,
        Conv2dTape,
        ColumnConv2dTape,
        KernelConv2dTape,
        BatchNorm2dTape,
        BatchTrainingTape,
        NormTape,
        EmbeddingTape,
        BiasTape,
        MaxPool2dTape,
        AvgPool2dTape,
        MeanTape,
        Upsample2dTape,
        FlattenTape,
        DropoutTape,
        ActivationTape {
  /** The tensors that this tape uses after {@link #forward}, null entries included. */
  abstract List<@Nullable Tensor> saved();

  /** Evaluates the layer and saves what the other methods need. */
  abstract Tensor forward(Tensor inputs);

  /**
   * Takes over what another tape of the same layer saved about the inputs alone, before {@link
   * #forward} for those very inputs.
   */
  void shareInputs(Tape other) {}

  /** The cotangent of the inputs for one of the outputs. */
  abstract Tensor backward(Tensor cotangent, long groups);

  /** The shape [B, G, ...] of cotangents in groups for values [B, ...]. */
  static long[] grouped(Tensor values, long groups) {
    long[] shape = values.shape();
    long[] grouped = new long[shape.length + 1];
    System.arraycopy(shape, 0, grouped, 1, shape.length);
    grouped[0] = shape[0];
    grouped[1] = groups;
    return grouped;
  }

  /** Writes the gradient of the layer's parameters, summed over the batch. */
  void gradient(Tensor cotangent, List<Tensor> slots) {}

  /** Writes the gradient of the layer's parameters for each cotangent. */
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {}

  /** Into how many parts {@link #part} can cut the layer; 1 when it cannot be cut. */
  long parts() {
    return 1;
  }

  /**
   * A tape of some of the layer's output channels only, whose {@link #rows} may be asked for; its
   * parameters are those of the layer, each narrowed in its first dimension.
   *
   * @param first number of the first of them, out of {@link #parts}
   */
  Tape part(long first, long count) {
    throw new IllegalStateException(getClass().getSimpleName() + " cannot be cut");
  }

  /**
   * The layer's columns of a Jacobian without forming them, or null where forming them is all there
   * is. Must not depend on this tape afterwards.
   *
   * @param start the first of the layer's columns
   */
  @Nullable Block factored(Tensor cotangent, long groups, long start) {
    return null;
  }

  /**
   * The tangent of the outputs; saves what {@link #backwardTangent} and {@link #gradientTangent}
   * need.
   *
   * @param tangent of the inputs, null for zero
   * @param directions the directions of this layer's parameters
   * @return null for zero
   */
  abstract @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions);

  /** What {@link #tangent} saved, null entries included. */
  List<@Nullable Tensor> savedTangents() {
    return List.of();
  }

  /**
   * The tangent of {@link #backward}.
   *
   * @param cotangent of the outputs
   * @param tangent of that cotangent, null for zero
   * @return the tangent of the inputs' cotangent, null for zero
   */
  abstract @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions);

  /** Writes the tangent of {@link #gradient}; arguments as for {@link #backwardTangent}. */
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {}
}
