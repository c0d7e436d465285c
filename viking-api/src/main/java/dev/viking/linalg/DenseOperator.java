package dev.viking.linalg;

import dev.viking.internal.Arguments;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;

/** The operator of a matrix that is there, [n, D]. Products of S vectors are one matrix product. */
public final class DenseOperator implements LinearOperator {
  private final Tensor matrix;

  DenseOperator(Tensor matrix) {
    Checks.floating("LinearOperator.of", "matrix", matrix);
    Checks.dimensions("LinearOperator.of", "matrix", matrix, 2);
    this.matrix = matrix;
  }

  /**
   * The matrix.
   *
   * @return [n, D], borrowed
   */
  public Tensor matrix() {
    return matrix;
  }

  @Override
  public long rows() {
    return matrix.size(0);
  }

  @Override
  public long columns() {
    return matrix.size(1);
  }

  @Override
  public DType dtype() {
    return matrix.dtype();
  }

  @Override
  public Device device() {
    return matrix.device();
  }

  @Override
  public Tensor matvec(Tensor vectors) {
    Checks.vectors("LinearOperator.matvec", vectors, columns(), this);
    return vectors.matmul(matrix.t());
  }

  @Override
  public Tensor rmatvec(Tensor vectors) {
    Checks.vectors("LinearOperator.rmatvec", vectors, rows(), this);
    return vectors.matmul(matrix);
  }

  @Override
  public void addRmatvec(Tensor vectors, Tensor weights, double scale) {
    Checks.vectors("LinearOperator.addRmatvec", vectors, columns(), this);
    Checks.vectors("LinearOperator.addRmatvec", weights, rows(), this);
    vectors.addmm_(weights, matrix, 1.0, scale);
  }

  @Override
  public Tensor gram() {
    return GramMatrix.of(matrix);
  }

  @Override
  public Tensor grams(long... sizes) {
    Arguments.parts("LinearOperator.grams", "sizes", sizes, columns());
    return GramMatrix.of(matrix, sizes);
  }
}
