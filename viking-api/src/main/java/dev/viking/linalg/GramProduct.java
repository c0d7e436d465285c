package dev.viking.linalg;

import dev.viking.torch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Products with K = A A^T. For rows that are there K is formed once, in the rows' own type; else
 * each product is one with A^T and one with A.
 */
final class GramProduct {
  private final LinearOperator operator;
  private final @Nullable Tensor gram;

  GramProduct(LinearOperator operator) {
    this.operator = operator;
    this.gram =
        operator instanceof DenseOperator rows ? rows.matrix().matmul(rows.matrix().t()) : null;
  }

  /** K x for each of S vectors, [S, n]. */
  Tensor apply(Tensor x) {
    return gram != null ? x.matmul(gram) : operator.matvec(operator.rmatvec(x));
  }
}
