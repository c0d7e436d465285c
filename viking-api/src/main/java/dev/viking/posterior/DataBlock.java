package dev.viking.posterior;

import dev.viking.internal.ProjectionEvent;
import dev.viking.linalg.DenseOperator;
import dev.viking.linalg.LinearOperator;
import dev.viking.linalg.PreparedSolver;
import dev.viking.linalg.Solution;
import dev.viking.linalg.SolverStatus;
import dev.viking.nn.BatchJacobian;
import dev.viking.nn.Linearisation;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The Jacobian of one block of examples with its solver. Its tensors belong to the scope in which
 * it was made.
 */
final class DataBlock {
  private static final int WATCHED = 4;

  private final LinearOperator operator;
  private final PreparedSolver solver;
  private SolverStatus status = SolverStatus.FULL_RANK;

  private DataBlock(LinearOperator operator, PreparedSolver solver) {
    this.operator = operator;
    this.solver = solver;
  }

  /** A block in the current scope, with everything that was made on the way. */
  static DataBlock transientOf(
      AlternatingProjections settings, Tensor mean, TrainingData.Batch batch, long rowLimit) {
    LinearOperator operator = operator(settings, mean, batch, rowLimit);
    return new DataBlock(operator, settings.options().solver().prepare(operator));
  }

  /**
   * A block that leaves in the current scope only what it needs; null where that is more than a
   * number of bytes, or where it needs the passes that it was made from.
   */
  static @Nullable DataBlock compactOf(
      AlternatingProjections settings,
      Tensor mean,
      Supplier<TrainingData.Batch> batch,
      long rowLimit,
      long mostBytes) {
    LinearOperator operator;
    try (Scope scope = Scope.open()) {
      operator = operator(settings, mean, batch.get(), rowLimit);
      if (bytes(operator) > mostBytes || !isIndependent(operator)) {
        return null;
      }
      if (operator instanceof DenseOperator dense) {
        scope.keep(dense.matrix());
      } else if (operator instanceof BatchOperator rows) {
        rows.jacobian().keepIn(scope);
      }
    }
    return new DataBlock(operator, settings.options().solver().prepare(operator));
  }

  private static LinearOperator operator(
      AlternatingProjections settings, Tensor mean, TrainingData.Batch batch, long rowLimit) {
    AlternatingOptions options = settings.options();
    Linearisation at =
        options.jacobian() == JacobianKind.LOSS
            ? Linearisation.of(
                settings.model(), settings.loss(), mean, batch.inputs(), batch.targets())
            : Linearisation.of(settings.model(), mean, batch.inputs());
    BatchJacobian jacobian =
        options.jacobian() == JacobianKind.LOSS ? at.lossRows(rowLimit) : at.functionRows(rowLimit);
    LinearOperator operator = BatchOperator.of(jacobian, options.solver(), rowLimit);
    if (isIndependent(operator)) {
      at.close();
    }
    return operator;
  }

  /** Whether the operator does without the passes that it was made from. */
  private static boolean isIndependent(LinearOperator operator) {
    return !(operator instanceof BatchOperator rows) || rows.jacobian().isIndependent();
  }

  long rows() {
    return operator.rows();
  }

  /** In which form the Jacobian is kept, for people to read. */
  String form() {
    return operator instanceof BatchOperator rows
        ? rows.jacobian().toString()
        : "matrix [" + operator.rows() + ", " + operator.columns() + "]";
  }

  /** Bytes of the Jacobian as it is kept. */
  long jacobianBytes() {
    return jacobianBytes(operator);
  }

  private static long jacobianBytes(LinearOperator operator) {
    if (operator instanceof BatchOperator rows) {
      return rows.jacobian().bytes();
    }
    return operator.rows() * operator.columns() * operator.dtype().byteSize();
  }

  /** Bytes of the Jacobian and, at most, of the solver's Gram matrix and factor. */
  long bytes() {
    return bytes(operator);
  }

  private static long bytes(LinearOperator operator) {
    long square = operator.rows() * operator.rows() * DType.FLOAT64.byteSize();
    return jacobianBytes(operator) + 2 * square;
  }

  SolverStatus status() {
    return status;
  }

  /**
   * Projects vectors in place.
   *
   * @return |J k| / |J u| over the first vectors, 0-dimensional
   */
  Tensor project(Tensor vectors) {
    ProjectionEvent event = new ProjectionEvent();
    event.begin();
    try (Scope scope = Scope.open()) {
      Tensor products = operator.matvec(vectors);
      int iterations = subtract(vectors, products);
      int refinements = operator.dtype() == DType.FLOAT64 ? solver.refinements() : 0;
      for (int i = 0; i < refinements; i++) {
        subtract(vectors, operator.matvec(vectors));
      }
      long watched = Math.min(WATCHED, vectors.size(0));
      Tensor left = operator.matvec(vectors.narrow(0, 0, watched)).norm();
      Tensor before = products.narrow(0, 0, watched).norm();
      Tensor residual = scope.keep(left.div(before.add(before.eq(0.0).to(before.dtype()))));
      if (event.isEnabled()) {
        event.fill(vectors.size(0), solver, residual, iterations, status);
        event.commit();
      }
      return residual;
    }
  }

  /** Takes away the image part, and tells how many iterations that took. */
  private int subtract(Tensor vectors, Tensor products) {
    Solution solution = solver.leastSquares(vectors, products);
    status = solution.status();
    operator.addRmatvec(vectors, solution.x(), -1.0);
    return solution.iterations();
  }
}
