package dev.viking.linalg;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Conjugate gradients with a stopping rule, one right-hand side after the other, on rows scaled to
 * norm one when the rows are there.
 */
final class ConvergingConjugateGradient implements PreparedSolver {
  private final LinearOperator operator;
  private final GramProduct gram;
  private final Tensor scale;
  private final int maxSteps;
  private final boolean reorthogonalise;
  private final double tolerance;

  ConvergingConjugateGradient(
      LinearOperator operator, int maxSteps, boolean reorthogonalise, double tolerance) {
    this.operator = operator;
    this.maxSteps = maxSteps;
    this.reorthogonalise = reorthogonalise;
    this.tolerance = tolerance;
    NormalisedRows rows = NormalisedRows.of(operator);
    this.scale = rows.scale();
    this.gram = new GramProduct(rows.operator());
  }

  @Override
  public LinearOperator operator() {
    return operator;
  }

  @Override
  public Solution leastSquares(Tensor vectors, Tensor products) {
    Checks.vectors("PreparedSolver.leastSquares", vectors, operator.columns(), operator);
    try (Scope scope = Scope.open()) {
      Tensor rightSides = products.mul(scale);
      List<Tensor> solutions = new ArrayList<>();
      SolverStatus worst = SolverStatus.CONVERGED;
      int iterations = 0;
      for (int s = 0; s < rightSides.size(0); s++) {
        Solution one = solveOne(rightSides.narrow(0, s, 1));
        solutions.add(one.x());
        iterations = Math.max(iterations, one.iterations());
        worst = one.status().compareTo(worst) > 0 ? one.status() : worst;
      }
      Tensor x = Tensor.cat(solutions, 0);
      Tensor residual = Residuals.relative(rightSides.sub(gram.apply(x)), rightSides);
      return new Solution(scope.keep(x.mul(scale)), worst, iterations, scope.keep(residual));
    }
  }

  private Solution solveOne(Tensor rightSide) {
    Tensor x = Tensor.zerosLike(rightSide);
    double target = tolerance * rightSide.norm().item();
    Tensor r = rightSide;
    Tensor p = r;
    double rr = r.square().sum().item();
    if (rr == 0) {
      return new Solution(x, SolverStatus.ZERO_RIGHT_HAND_SIDE, 0, rightSide.norm());
    }
    List<Tensor> basis = new ArrayList<>();
    SolverStatus status = SolverStatus.ITERATION_LIMIT;
    int step = 0;
    while (step < maxSteps) {
      if (Math.sqrt(rr) <= target) {
        status = SolverStatus.CONVERGED;
        break;
      }
      Tensor product = gram.apply(p);
      double curvature = p.mul(product).sum().item();
      if (!Double.isFinite(curvature) || !Double.isFinite(rr)) {
        status = SolverStatus.NOT_FINITE;
        break;
      }
      if (curvature <= 0) {
        status = SolverStatus.BREAKDOWN;
        break;
      }
      double a = rr / curvature;
      basis.add(r.div(Math.sqrt(rr)));
      x = x.addScaled(p, a);
      r = r.addScaled(product, -a);
      if (reorthogonalise) {
        r = sweepTwice(r, Tensor.cat(basis, 0));
      }
      double previous = rr;
      rr = r.square().sum().item();
      p = r.addScaled(p, rr / previous);
      step++;
    }
    if (status == SolverStatus.ITERATION_LIMIT && Math.sqrt(rr) <= target) {
      status = SolverStatus.CONVERGED;
    }
    return new Solution(x, status, step, r.norm());
  }

  // "Twice is enough" (Parlett): a second sweep restores what the first loses to cancellation.
  private static Tensor sweepTwice(Tensor r, Tensor basis) {
    Tensor once = r.sub(r.matmul(basis.t()).matmul(basis));
    return once.sub(once.matmul(basis.t()).matmul(basis));
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
