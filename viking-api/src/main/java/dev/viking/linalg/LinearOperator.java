package dev.viking.linalg;

import dev.viking.func.TensorFunction;
import dev.viking.internal.Arguments;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * A matrix A of n rows and D columns, known by its products with vectors.
 *
 * <p>Operators are immutable and may be used by several threads when their functions may; they
 * borrow the tensors they were made from. An operator that holds native state frees it in {@link
 * #close}, which the current scope calls at its own end too.
 */
public interface LinearOperator extends AutoCloseable {

  /**
   * The number of rows.
   *
   * @return n
   */
  long rows();

  /**
   * The number of columns.
   *
   * @return D
   */
  long columns();

  /**
   * The element type of A and of the vectors it takes and gives.
   *
   * @return a floating-point type
   */
  DType dtype();

  /**
   * Where the vectors live.
   *
   * @return the device
   */
  Device device();

  /**
   * A times each of several vectors.
   *
   * @param vectors [S, D], of this operator's type and device
   * @return [S, n], row s being A times vector s
   * @throws dev.viking.torch.ShapeException when the shape is another
   */
  Tensor matvec(Tensor vectors);

  /**
   * The transpose of A times each of several vectors.
   *
   * @param vectors [S, n], of this operator's type and device
   * @return [S, D], row s being the transpose of A times vector s
   * @throws dev.viking.torch.ShapeException when the shape is another
   */
  Tensor rmatvec(Tensor vectors);

  /**
   * Adds a multiple of the transposed product to vectors in place, {@code vectors += scale A^T
   * weights}.
   *
   * @param vectors [S, D], changed
   * @param weights [S, n]
   * @param scale any number
   * @throws dev.viking.torch.ShapeException when a shape is another
   */
  default void addRmatvec(Tensor vectors, Tensor weights, double scale) {
    try (Scope _ = Scope.open()) {
      vectors.addScaled_(rmatvec(weights), scale);
    }
  }

  /**
   * The Gram matrix A A^T, in float64 whatever the element type. Unless an operator knows better, A
   * is formed for it.
   *
   * @return [n, n], float64
   */
  default Tensor gram() {
    try (Scope scope = Scope.open()) {
      return scope.keep(GramMatrix.of(rmatvec(Tensor.eye(rows(), dtype(), device()))));
    }
  }

  /**
   * The Gram matrices of groups of neighbouring columns, A_g A_g^T, in float64. Unless an operator
   * knows better, A is formed for it.
   *
   * @param sizes how many columns each of the G groups has, in their order; together D
   * @return [G, n, n], float64
   * @throws dev.viking.torch.ArgumentException when a group is empty or the sizes do not add up
   */
  default Tensor grams(long... sizes) {
    Arguments.parts("LinearOperator.grams", "sizes", sizes, columns());
    try (Scope scope = Scope.open()) {
      return scope.keep(GramMatrix.of(rmatvec(Tensor.eye(rows(), dtype(), device())), sizes));
    }
  }

  /** Frees what the operator holds, if anything. Closing again does nothing. */
  @Override
  default void close() {}

  /**
   * The operator of a matrix that is there.
   *
   * @param matrix [n, D] of a floating-point type; borrowed
   * @return the operator
   * @throws dev.viking.torch.ShapeException when it has not two dimensions
   * @throws dev.viking.torch.DTypeException when its elements are not floating-point numbers
   */
  static DenseOperator of(Tensor matrix) {
    return new DenseOperator(matrix);
  }

  /**
   * The Jacobian of a function at a point, never formed: products with it are forward-mode
   * derivatives, products with its transpose reverse-mode ones (one linearisation, kept until the
   * operator is closed).
   *
   * @param function takes [D] and returns n numbers in any shape, differentiable in both modes
   * @param point [D] of a floating-point type; borrowed
   * @return the operator
   * @throws dev.viking.torch.ShapeException when the point has not one dimension
   */
  static JacobianOperator jacobian(TensorFunction function, Tensor point) {
    return new JacobianOperator(function, point, JacobianOperator.DEFAULT_MEMORY);
  }

  /**
   * The Jacobian of a function at a point, never formed, within a memory limit.
   *
   * @param function takes [D] and returns n numbers in any shape, differentiable in both modes
   * @param point [D] of a floating-point type; borrowed
   * @param memory bytes that a product may take, about, beyond its arguments and its result; what
   *     exceeds it is computed in pieces
   * @return the operator
   * @throws dev.viking.torch.ShapeException when the point has not one dimension
   * @throws dev.viking.torch.ArgumentException when the limit is not positive
   */
  static JacobianOperator jacobian(TensorFunction function, Tensor point, long memory) {
    return new JacobianOperator(function, point, memory);
  }
}
