package dev.viking.linalg;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.OptionalLong;

/**
 * The paper's conjugate gradients: k steps from zero, one Gram-Schmidt sweep per step, guarded
 * divisions.
 */
final class FixedStepConjugateGradient implements PreparedSolver {
  private static final double EPSILON_32 = Math.ulp(1.0f);
  private static final double EPSILON_64 = Math.ulp(1.0);

  private final LinearOperator operator;
  private final GramProduct gram;
  private final int steps;
  private final boolean reorthogonalise;

  FixedStepConjugateGradient(LinearOperator operator, int steps, boolean reorthogonalise) {
    this.operator = operator;
    this.gram = new GramProduct(operator);
    this.steps = steps;
    this.reorthogonalise = reorthogonalise;
  }

  @Override
  public LinearOperator operator() {
    return operator;
  }

  @Override
  public Solution leastSquares(Tensor vectors, Tensor products) {
    Checks.vectors("PreparedSolver.leastSquares", vectors, operator.columns(), operator);
    try (Scope scope = Scope.open()) {
      long samples = products.size(0);
      long n = products.size(1);
      Tensor basis =
          Tensor.zeros(new long[] {samples, steps, n}, products.dtype(), products.device());
      Tensor x = Tensor.zerosLike(products);
      Tensor r = products;
      Tensor p = r;
      Tensor rr = dots(r, r);
      for (int i = 0; i < steps; i++) {
        Tensor product = gram.apply(p);
        Tensor a = guardedDivide(rr, dots(p, product));
        x = x.add(a.mul(p));
        Tensor previous = r;
        Tensor previousSquare = dots(previous, previous);
        r = r.sub(a.mul(product));
        if (reorthogonalise) {
          basis.select(1, i).copy_(guardedDivide(previous, rr.clampMin(0.0).sqrt()));
          Tensor overlaps = basis.bmm(r.unsqueeze(2));
          r = r.sub(overlaps.transpose(1, 2).bmm(basis).squeeze(1));
        }
        rr = dots(r, r);
        p = r.add(guardedDivide(rr, previousSquare).mul(p));
      }
      Tensor residual = Residuals.relative(products.sub(gram.apply(x)), products);
      return new Solution(scope.keep(x), SolverStatus.FIXED_STEPS, steps, scope.keep(residual));
    }
  }

  /** Inner products sample by sample, [S, 1]. */
  private static Tensor dots(Tensor a, Tensor b) {
    return a.mul(b).sum(1, true);
  }

  /** a / b where |b| exceeds the squared epsilon of the type, else a. */
  private static Tensor guardedDivide(Tensor a, Tensor b) {
    double epsilon = a.dtype() == DType.FLOAT64 ? EPSILON_64 : EPSILON_32;
    return a.div(b.maskedFill(b.abs().le(epsilon * epsilon), 1.0));
  }

  @Override
  public OptionalLong rank() {
    return OptionalLong.empty();
  }

  @Override
  public int refinements() {
    return 0;
  }
}
