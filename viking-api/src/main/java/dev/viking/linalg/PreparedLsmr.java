package dev.viking.linalg;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.OptionalLong;

/** LSMR prepared for one operator. */
final class PreparedLsmr implements PreparedSolver {
  private final LinearOperator operator;
  private final NormalisedRows rows;
  private final Lsmr settings;

  PreparedLsmr(LinearOperator operator, Lsmr settings) {
    this.operator = operator;
    this.rows = NormalisedRows.of(operator, settings.scaling());
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
      LsmrIteration iteration = new LsmrIteration(rows.operator(), vectors, settings);
      SolverStatus status = iteration.run();
      Tensor scaled = iteration.x();
      Tensor left = rows.operator().matvec(vectors.sub(rows.operator().rmatvec(scaled)));
      Tensor residual = Residuals.relative(left, products.mul(rows.scale()));
      return new Solution(
          scope.keep(scaled.mul(rows.scale())), status, iteration.steps(), scope.keep(residual));
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
