package dev.viking.linalg;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The system K y = b that conjugate gradients work on: K = T C A A^T C T with C the row scaling and
 * T the preconditioner, b = T C A u, and x = C T y.
 *
 * <p>For rows that are there, K is formed once, in float64, and the iteration runs in float64 at
 * the price of n by n products. Else each product is one with A^T and one with A, in their type.
 */
final class NormalEquations {
  private final LinearOperator scaled;
  private final Tensor factors;
  private final Preconditioner.Transform transform;
  private final @Nullable Tensor gram;
  private final DType type;

  private NormalEquations(
      LinearOperator scaled,
      Tensor factors,
      Preconditioner.Transform transform,
      @Nullable Tensor gram,
      DType type) {
    this.scaled = scaled;
    this.factors = factors;
    this.transform = transform;
    this.gram = gram;
    this.type = type;
  }

  static NormalEquations of(
      LinearOperator operator, RowScaling scaling, Preconditioner preconditioner) {
    if (!(operator instanceof DenseOperator dense)) {
      RowScaled scaled = RowScaled.normalised(operator, scaling);
      return new NormalEquations(
          scaled, scaled.factors(), preconditioner.prepare(scaled), null, operator.dtype());
    }
    try (Scope scope = Scope.open()) {
      Tensor gram = GramMatrix.of(dense.matrix());
      Tensor squares = gram.diagonal(0, 0, 1);
      Tensor empty = squares.le(0.0);
      Tensor factors =
          scaling == RowScaling.NONE
              ? Tensor.onesLike(squares)
              : squares.maskedFill(empty, 1.0).rsqrt().maskedFill(empty, 0.0);
      Tensor normalised = gram.mul(factors.unsqueeze(1)).mul(factors);
      scope.keep(factors);
      RowScaled scaled = new RowScaled(operator, scope.keep(factors.to(operator.dtype())));
      if (preconditioner.equals(Preconditioner.NONE)) {
        scope.keep(normalised);
        return new NormalEquations(scaled, factors, y -> y, normalised, DType.FLOAT64);
      }
      Preconditioner.Transform transform = widened(preconditioner, scaled, scope);
      Tensor half = transform.apply(normalised);
      Tensor both = scope.keep(transform.apply(half.t()).contiguous());
      return new NormalEquations(scaled, factors, transform, both, DType.FLOAT64);
    }
  }

  // The preconditioner looks at the rows in their own type; T as a float64 matrix serves the
  // float64 system.
  private static Preconditioner.Transform widened(
      Preconditioner preconditioner, RowScaled scaled, Scope scope) {
    Tensor identity = Tensor.eye(scaled.rows(), scaled.dtype(), scaled.device());
    Tensor matrix = preconditioner.prepare(scaled).apply(identity).to(DType.FLOAT64);
    Tensor symmetric = scope.keep(matrix.add(matrix.t()).mul(0.5));
    return vectors -> vectors.matmul(symmetric);
  }

  /** K y, for y [S, n]. */
  Tensor apply(Tensor y) {
    if (gram != null) {
      return y.matmul(gram);
    }
    return transform.apply(scaled.matvec(scaled.rmatvec(transform.apply(y))));
  }

  /** b for products A u, [S, n]. */
  Tensor rightSides(Tensor products) {
    return transform.apply(products.to(type).mul(factors));
  }

  /** x for y, [S, n], in the operator's type. */
  Tensor solutions(Tensor y) {
    return transform.apply(y).mul(factors).to(scaled.dtype());
  }
}
