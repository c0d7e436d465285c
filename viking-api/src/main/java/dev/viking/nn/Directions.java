package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A direction in parameter space for each example of a batch, {@code t_i = sum_m weights[m, i]
 * vectors[m]}, kept as weights and vectors; without weights all examples share the single vector.
 */
final class Directions {
  // From this many vectors on, adding them up for each example first costs less than applying each.
  private static final long MANY = 8;

  private final long count;
  private final @Nullable Tensor weights;
  private final @Nullable Tensor transposedWeights;
  private final @Nullable Tensor columnWeights;
  private final List<List<Tensor>> slices;

  /**
   * Splits the vectors.
   *
   * @param vectors [M, D]
   * @param weights [M, B], or null with M = 1
   */
  Directions(Sequential model, Tensor vectors, @Nullable Tensor weights) {
    this.count = vectors.size(0);
    this.weights = weights;
    this.transposedWeights = weights == null ? null : weights.t();
    this.columnWeights = weights == null ? null : weights.unsqueeze(2);
    this.slices = model.splitRows(vectors);
  }

  /** The directions of one layer's parameters. */
  Part part(int layer) {
    return new Part(slices.get(layer));
  }

  /** Directions of the parameters of one layer. */
  final class Part {
    private final List<Tensor> own;

    private Part(List<Tensor> own) {
      this.own = own;
    }

    /** Whether all examples share one direction. */
    boolean isShared() {
      return weights == null;
    }

    /** Number of vectors, M. */
    long count() {
      return count;
    }

    /** The weights [M, B] of vectors that are not shared. */
    Tensor weights() {
      return Objects.requireNonNull(weights, "weights of shared directions");
    }

    /** One parameter's parts of the vectors, [M, size]. */
    Tensor vectors(int parameter) {
      return own.get(parameter);
    }

    /** One parameter's directions: [1, size] when shared, else [B, size]. */
    Tensor perExample(int parameter) {
      Tensor vectors = own.get(parameter);
      return transposedWeights == null ? vectors : transposedWeights.mm(vectors);
    }

    /**
     * Applies each example's own matrix to its own vector, or to each of its vectors.
     *
     * @param inputs [B, columns] or [B, positions, columns]; with rows for columns when transposed
     * @param parameter a parameter of shape [rows, columns]
     * @return [B, rows] or [B, positions, rows]; with columns for rows when transposed
     */
    Tensor apply(Tensor inputs, int parameter, long rows, long columns, boolean transposed) {
      if (columnWeights == null) {
        Tensor matrix = own.get(parameter).view(rows, columns);
        return inputs.matmul(transposed ? matrix : matrix.t());
      }
      if (inputs.dim() == 3) {
        return applyToPositions(inputs, parameter, rows, columns, transposed);
      }
      if (count >= MANY) {
        Tensor matrices = perExample(parameter).view(-1, rows, columns);
        Tensor column = inputs.unsqueeze(2);
        return (transposed ? matrices.transpose(1, 2) : matrices).bmm(column).squeeze(2);
      }
      Tensor matrices = own.get(parameter).view(count, rows, columns);
      Tensor weighted = columnWeights.mul(inputs);
      return weighted.bmm(transposed ? matrices : matrices.transpose(1, 2)).sum(0);
    }

    private Tensor applyToPositions(
        Tensor inputs, int parameter, long rows, long columns, boolean transposed) {
      long length = inputs.size(2);
      if (count >= MANY) {
        Tensor matrices = perExample(parameter).view(-1, rows, columns);
        return inputs.bmm(transposed ? matrices : matrices.transpose(1, 2));
      }
      Tensor matrices = own.get(parameter).view(count, rows, columns);
      Tensor weighted = weights().view(count, -1, 1, 1).mul(inputs).view(count, -1, length);
      return weighted
          .bmm(transposed ? matrices : matrices.transpose(1, 2))
          .sum(0)
          .view(inputs.size(0), inputs.size(1), -1);
    }
  }
}
