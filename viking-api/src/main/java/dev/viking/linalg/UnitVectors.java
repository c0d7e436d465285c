package dev.viking.linalg;

import dev.viking.torch.Tensor;

/** Rows of the identity matrix. */
final class UnitVectors {
  private UnitVectors() {}

  /** The unit vectors e_first, ..., of the operator's row space, [count, n]. */
  static Tensor of(LinearOperator operator, long first, long count) {
    Tensor units =
        Tensor.zeros(new long[] {count, operator.rows()}, operator.dtype(), operator.device());
    units.narrow(1, first, count).diagonal(0, 0, 1).fill_(1.0);
    return units;
  }
}
