package dev.viking.linalg;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;

/**
 * An operator whose rows are multiplied by one factor each: diag(c) A.
 *
 * <p>With c = 1 / |a_i| its rows have norm one. Borrows the operator, and closes nothing.
 */
public final class RowScaled implements LinearOperator {
  private final LinearOperator operator;
  private final Tensor factors;

  /**
   * Scales the rows of an operator.
   *
   * @param operator A, [n, D]; borrowed
   * @param factors c, [n], of the operator's type and device; borrowed
   * @throws dev.viking.torch.ShapeException when there is not one factor for each row
   * @throws dev.viking.torch.DTypeException when the element types differ
   * @throws dev.viking.torch.DeviceException when the devices differ
   */
  public RowScaled(LinearOperator operator, Tensor factors) {
    Checks.dimensions("RowScaled", "factors", factors, 1);
    Checks.vectors("RowScaled", factors.unsqueeze(0), operator.rows(), operator);
    this.operator = operator;
    this.factors = factors;
  }

  /**
   * Scales the rows of an operator to norm one; zero rows stay zero.
   *
   * @param operator A, [n, D]; borrowed
   * @param scaling where the norms come from
   * @return the scaled operator; its factors belong to the current scope
   */
  public static RowScaled normalised(LinearOperator operator, RowScaling scaling) {
    if (scaling == RowScaling.NONE) {
      return new RowScaled(
          operator, Tensor.ones(new long[] {operator.rows()}, operator.dtype(), operator.device()));
    }
    Tensor norms = RowNorms.of(operator, scaling);
    Tensor empty = norms.eq(0.0);
    return new RowScaled(
        operator, norms.maskedFill(empty, 1.0).reciprocal().maskedFill(empty, 0.0));
  }

  /**
   * The factors. A solution for the scaled rows times these is one for the rows.
   *
   * @return c, [n], borrowed
   */
  public Tensor factors() {
    return factors;
  }

  @Override
  public long rows() {
    return operator.rows();
  }

  @Override
  public long columns() {
    return operator.columns();
  }

  @Override
  public DType dtype() {
    return operator.dtype();
  }

  @Override
  public Device device() {
    return operator.device();
  }

  @Override
  public Tensor matvec(Tensor vectors) {
    return operator.matvec(vectors).mul(factors);
  }

  @Override
  public Tensor rmatvec(Tensor vectors) {
    Checks.vectors("LinearOperator.rmatvec", vectors, rows(), this);
    return operator.rmatvec(vectors.mul(factors));
  }
}
