package dev.viking.linalg;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** LSMR prepared for one operator. */
final class PreparedLsmr implements PreparedSolver {
  private final LinearOperator operator;
  private final NormalisedRows rows;
  private final Lsmr settings;

  PreparedLsmr(LinearOperator operator, Lsmr settings) {
    this.operator = operator;
    this.rows = NormalisedRows.of(operator);
    this.settings = settings;
  }

  @Override
  public LinearOperator operator() {
    return operator;
  }

  @Override
  public Solution leastSquares(Tensor vectors, Tensor products) {
    Checks.vectors("PreparedSolver.leastSquares", vectors, operator.columns(), operator);
    try (Scope scope = Scope.open()) {
      List<Tensor> solutions = new ArrayList<>();
      SolverStatus worst = SolverStatus.CONVERGED;
      int iterations = 0;
      for (int s = 0; s < vectors.size(0); s++) {
        LsmrIteration iteration = new LsmrIteration(rows.operator(), vectors.narrow(0, s, 1));
        SolverStatus status = iteration.run(settings);
        solutions.add(iteration.x());
        iterations = Math.max(iterations, iteration.steps());
        worst = status.compareTo(worst) > 0 ? status : worst;
      }
      Tensor scaled = Tensor.cat(solutions, 0);
      Tensor left = rows.operator().matvec(vectors.sub(rows.operator().rmatvec(scaled)));
      Tensor residual = Residuals.relative(left, products.mul(rows.scale()));
      return new Solution(
          scope.keep(scaled.mul(rows.scale())), worst, iterations, scope.keep(residual));
    }
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
