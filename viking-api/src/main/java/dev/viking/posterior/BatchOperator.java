package dev.viking.posterior;

import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.LinearOperator;
import dev.viking.linalg.Solver;
import dev.viking.nn.BatchJacobian;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;

/**
 * The Jacobian of a batch as solvers want it.
 *
 * @param jacobian kept in pieces; closed with the operator
 */
public record BatchOperator(BatchJacobian jacobian) implements LinearOperator {

  /**
   * The Jacobian that a solver works best with: layer by layer for the exact one, which needs its
   * Gram matrix and a few products; as a matrix, while it fits, for iterations, which need many
   * products with few vectors.
   *
   * @param jacobian kept in pieces
   * @param solver what it is for
   * @param memoryLimit bytes that a matrix may take
   * @return the operator; a matrix belongs to the current scope
   */
  public static LinearOperator of(BatchJacobian jacobian, Solver solver, long memoryLimit) {
    long bytes = jacobian.rows() * jacobian.columns() * jacobian.dtype().byteSize();
    return solver instanceof ExactSolver || bytes > memoryLimit
        ? new BatchOperator(jacobian)
        : LinearOperator.of(jacobian.dense());
  }

  @Override
  public long rows() {
    return jacobian.rows();
  }

  @Override
  public long columns() {
    return jacobian.columns();
  }

  @Override
  public DType dtype() {
    return jacobian.dtype();
  }

  @Override
  public Device device() {
    return jacobian.device();
  }

  @Override
  public Tensor matvec(Tensor vectors) {
    return jacobian.product(vectors);
  }

  @Override
  public Tensor rmatvec(Tensor vectors) {
    return jacobian.transposeProduct(vectors);
  }

  @Override
  public void addRmatvec(Tensor vectors, Tensor weights, double scale) {
    jacobian.addTransposeProduct(vectors, weights, scale);
  }

  @Override
  public Tensor gram() {
    return jacobian.gram();
  }

  @Override
  public Tensor grams(long... sizes) {
    return jacobian.grams(sizes);
  }

  @Override
  public void close() {
    jacobian.close();
  }
}
