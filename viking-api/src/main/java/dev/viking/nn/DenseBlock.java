package dev.viking.nn;

import dev.viking.torch.Tensor;
import dev.viking.torch.WideProducts;
import java.util.List;

/** Columns that are there as a matrix. */
final class DenseBlock extends Block {
  private final Tensor matrix;
  private final long start;

  /**
   * Columns {@code [start, start + size)}.
   *
   * @param matrix [n, size]
   */
  DenseBlock(Tensor matrix, long start) {
    this.matrix = matrix;
    this.start = start;
  }

  @Override
  void addProduct(Tensor vectors, Tensor products) {
    products.addmm_(columns(vectors), matrix.t(), 1, 1);
  }

  @Override
  void addTransposeProduct(Tensor vectors, Tensor weights, double scale) {
    columns(vectors).addmm_(weights, matrix, 1, scale);
  }

  @Override
  void addGram(Tensor gram) {
    if (SmallProducts.hasKernels(matrix) && matrix.size(0) <= SmallProducts.FEW_ROWS) {
      NativeOps.ADD_GRAM_.call(gram, matrix);
      return;
    }
    WideProducts.add(matrix, matrix, gram);
  }

  @Override
  void addGrams(Tensor grams, ColumnGroups groups) {
    long end = start + size();
    long first = start;
    while (first < end) {
      int group = groups.of(first);
      long next = Math.min(end, groups.end(group));
      new DenseBlock(matrix.narrow(1, first - start, next - first), first)
          .addGram(grams.select(0, group));
      first = next;
    }
  }

  @Override
  boolean takesAnyGroups() {
    return true;
  }

  @Override
  void writeRows(Tensor jacobian) {
    columns(jacobian).copy_(matrix);
  }

  @Override
  List<Tensor> held() {
    return List.of(matrix);
  }

  @Override
  long start() {
    return start;
  }

  @Override
  long size() {
    return matrix.size(1);
  }

  @Override
  String form() {
    return "rows";
  }

  private Tensor columns(Tensor whole) {
    return whole.narrow(1, start, matrix.size(1));
  }
}
