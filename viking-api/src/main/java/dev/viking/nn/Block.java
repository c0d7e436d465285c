package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * The columns of a Jacobian that belong to parameters next to each other, n rows, in the form that
 * serves their layer best.
 *
 * <p>Vectors are whole, [S, D]; a block reads and writes its own columns only. All methods work on
 * the caller's current scope.
 */
abstract sealed class Block
    permits DenseBlock, OuterBlock, EmbeddingBlock, ReplayBlock, RecomputedBlock {
  /** Adds this block's part of {@code J v} for S vectors to {@code products}, [S, n]. */
  abstract void addProduct(Tensor vectors, Tensor products);

  /** Adds {@code scale} times this block's part of {@code J^T w} to {@code vectors} in place. */
  abstract void addTransposeProduct(Tensor vectors, Tensor weights, double scale);

  /** Adds this block's part of {@code J J^T} to {@code gram}, [n, n] float64. */
  abstract void addGram(Tensor gram);

  /**
   * The same, apart for groups of columns.
   *
   * @param grams [G, n, n] float64
   * @param groups of all columns of the Jacobian; this block's lie in one of them, unless it {@link
   *     #takesAnyGroups}
   */
  void addGrams(Tensor grams, ColumnGroups groups) {
    addGram(grams.select(0, groups.of(start())));
  }

  /** Whether {@link #addGrams} may be given groups that part this block's columns. */
  boolean takesAnyGroups() {
    return false;
  }

  /** Whether this may outlive the linearisation it came from. */
  boolean isIndependent() {
    return true;
  }

  /** The first of this block's columns. */
  abstract long start();

  /** How many columns this block has. */
  abstract long size();

  /** Writes this block's columns of {@code jacobian}, [n, D]. */
  abstract void writeRows(Tensor jacobian);

  /** The tensors that this block holds. */
  abstract List<Tensor> held();

  /** Bytes of the tensors that this block holds. */
  final long bytes() {
    return held().stream().mapToLong(tensor -> tensor.numel() * tensor.dtype().byteSize()).sum();
  }

  /** How the columns are kept, in a word. */
  abstract String form();
}
