package dev.viking.linalg;

import dev.viking.internal.Arguments;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * T = I + V (diag(sqrt(w_r / w_i)) - I) V^T, with w_1 >= ... >= w_r and V the eigenvalues and
 * eigenvectors of the Nystroem approximation of K = A A^T.
 */
record NystromPreconditioner(int rank) implements Preconditioner {
  private static final long SEED = 0xa5eed;
  private static final double NEGLIGIBLE = 16;

  NystromPreconditioner {
    Arguments.atLeast("Preconditioner.nystrom", "rank", rank, 1);
  }

  @Override
  public Transform prepare(LinearOperator operator) {
    long n = operator.rows();
    long r = Math.min(rank, n);
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(SEED)) {
      Tensor test =
          Tensor.randn(rng, DType.FLOAT64, n, r)
              .to(operator.device())
              .qr()
              .q(); // [n, r], orthonormal
      Tensor products =
          operator
              .matvec(operator.rmatvec(test.t().to(operator.dtype())))
              .to(DType.FLOAT64); // [r, n]
      // A shift of the size of the rounding keeps the core matrix positive definite.
      double unit = operator.dtype() == DType.FLOAT64 ? Math.ulp(1.0) : Math.ulp(1.0f);
      Tensor shift = products.norm().mul(Math.sqrt((double) n) * unit);
      Tensor shifted = products.add(test.t().mul(shift));
      Tensor core = test.t().matmul(shifted.t());
      Tensor.Eigh split = core.add(core.t()).mul(0.5).eigh();
      Tensor weights =
          split.values().maximum(shift.add(Double.MIN_NORMAL)).rsqrt(); // ascending eigenvalues
      Tensor half = shifted.t().matmul(split.vectors()).mul(weights); // K is about half half^T
      Tensor.Svd svd = half.svd(false);
      Tensor values = svd.s().square().sub(shift).clampMin(0.0);
      // Eigenvalues that are rounding stay where they are: K may be singular.
      Tensor largest = values.narrow(0, 0, 1).clampMin(Double.MIN_NORMAL);
      Tensor small = values.le(largest.mul(n * unit * NEGLIGIBLE));
      Tensor least = Tensor.where(small, largest, values).amin(new long[] {0}, true);
      Tensor factors =
          least
              .div(values.maximum(least))
              .sqrt()
              .sub(1.0)
              .maskedFill(small, 0.0)
              .to(operator.dtype());
      Tensor basis = svd.u().to(operator.dtype());
      scope.keep(factors);
      scope.keep(basis);
      return vectors -> vectors.add(vectors.matmul(basis).mul(factors).matmul(basis.t()));
    }
  }
}
