package dev.viking.linalg;

import dev.viking.torch.Tensor;

/**
 * An operator with its rows scaled to norm one where they are there, and as it is where they are
 * not. A solution for the scaled rows times the scales is one for the rows; zero rows get the scale
 * zero.
 *
 * @param operator the scaled operator
 * @param scale [n]
 */
record NormalisedRows(LinearOperator operator, Tensor scale) {

  static NormalisedRows of(LinearOperator operator) {
    if (operator instanceof DenseOperator dense) {
      Tensor norms = dense.matrix().vectorNorm(2, new long[] {1}, false);
      Tensor empty = norms.eq(0.0);
      Tensor scale = norms.maskedFill(empty, 1.0).reciprocal().maskedFill(empty, 0.0);
      return new NormalisedRows(LinearOperator.of(dense.matrix().mul(scale.unsqueeze(1))), scale);
    }
    return new NormalisedRows(
        operator, Tensor.ones(new long[] {operator.rows()}, operator.dtype(), operator.device()));
  }
}
