package dev.viking.linalg;

import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Norms of the rows of an operator. */
final class RowNorms {
  /** Probes of an estimate: a standard deviation of 18 % of the norm. */
  static final int PROBES = 16;

  private static final long SEED = 0x5eed;
  private static final long CHUNK_BYTES = 64L << 20;

  private RowNorms() {}

  /** The norms, [n], of the operator's type; exact ones of a dense operator whatever is asked. */
  static Tensor of(LinearOperator operator, RowScaling scaling) {
    if (operator instanceof DenseOperator dense) {
      return dense.matrix().vectorNorm(2, new long[] {1}, false);
    }
    return scaling == RowScaling.ESTIMATED ? estimated(operator) : exact(operator);
  }

  private static Tensor exact(LinearOperator operator) {
    long n = operator.rows();
    long rowBytes = Math.max(1, operator.columns() * operator.dtype().byteSize());
    long chunk = Math.clamp(CHUNK_BYTES / rowBytes, 1, Math.max(1, n));
    try (Scope scope = Scope.open()) {
      List<Tensor> norms = new ArrayList<>();
      for (long first = 0; first < n; first += chunk) {
        try (Scope inner = Scope.open()) {
          long count = Math.min(chunk, n - first);
          Tensor rows = operator.rmatvec(UnitVectors.of(operator, first, count));
          norms.add(inner.keep(rows.vectorNorm(2, new long[] {1}, false)));
        }
      }
      return scope.keep(Tensor.cat(norms, 0));
    }
  }

  // E (a^T z)^2 = |a|^2 for standard normal z; a zero row gives zero exactly.
  private static Tensor estimated(LinearOperator operator) {
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(SEED)) {
      Tensor probes =
          Tensor.randn(rng, operator.dtype(), PROBES, operator.columns()).to(operator.device());
      Tensor products = operator.matvec(probes);
      return scope.keep(products.vectorNorm(2, new long[] {0}, false).div(Math.sqrt(PROBES)));
    }
  }
}
