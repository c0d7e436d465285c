package dev.viking.linalg;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import dev.viking.torch.WideProducts;
import java.util.List;

/** The Gram matrix J J^T of rows, in float64. */
final class GramMatrix {
  private GramMatrix() {}

  static Tensor of(Tensor rows) {
    return of(rows, rows);
  }

  /** Those of groups of columns, one after the other, [G, n, n]. */
  static Tensor of(Tensor rows, long... sizes) {
    try (Scope scope = Scope.open()) {
      List<Tensor> grams =
          rows.splitWithSizes(sizes, 1).stream().map(columns -> of(columns, columns)).toList();
      return scope.keep(Tensor.stack(grams, 0));
    }
  }

  /** The products of some rows with others, [n, m]. */
  static Tensor of(Tensor rows, Tensor others) {
    if (rows.dtype() == DType.FLOAT64) {
      return rows.matmul(others.t());
    }
    try (Scope scope = Scope.open()) {
      Tensor gram =
          Tensor.zeros(new long[] {rows.size(0), others.size(0)}, DType.FLOAT64, rows.device());
      WideProducts.add(rows, others, gram);
      return scope.keep(gram);
    }
  }
}
