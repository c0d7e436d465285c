package dev.viking.linalg;

import dev.viking.torch.Tensor;

/**
 * An operator with its rows scaled. A solution for the scaled rows times the scales is one for the
 * rows; zero rows get the scale zero. Rows that are there are scaled once.
 *
 * @param operator the scaled operator
 * @param scale [n]
 */
record NormalisedRows(LinearOperator operator, Tensor scale) {

  static NormalisedRows of(LinearOperator operator, RowScaling scaling) {
    RowScaled scaled = RowScaled.normalised(operator, scaling);
    LinearOperator rows =
        operator instanceof DenseOperator dense
            ? LinearOperator.of(dense.matrix().mul(scaled.factors().unsqueeze(1)))
            : scaled;
    return new NormalisedRows(rows, scaled.factors());
  }
}
