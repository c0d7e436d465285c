package dev.viking.linalg;

import dev.viking.func.Func;
import dev.viking.func.TensorFunction;
import dev.viking.func.Vjp;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The Jacobian of a function at a point, known by forward- and reverse-mode derivatives only.
 *
 * <p>Holds one reverse-mode linearisation, which {@link #close} frees.
 */
public final class JacobianOperator implements LinearOperator {
  private final TensorFunction function;
  private final Tensor point;
  private final Vjp linearisation;
  private final long rows;

  JacobianOperator(TensorFunction function, Tensor point) {
    Checks.floating("LinearOperator.jacobian", "point", point);
    Checks.dimensions("LinearOperator.jacobian", "point", point, 1);
    this.function = x -> function.apply(x).flatten();
    this.point = point;
    this.linearisation = Func.vjp(this.function, point);
    this.rows = linearisation.output().numel();
  }

  /**
   * The function's value at the point.
   *
   * @return [n], flattened; lives as long as this operator
   */
  public Tensor value() {
    return linearisation.output();
  }

  @Override
  public long rows() {
    return rows;
  }

  @Override
  public long columns() {
    return point.size(0);
  }

  @Override
  public DType dtype() {
    return point.dtype();
  }

  @Override
  public Device device() {
    return point.device();
  }

  @Override
  public Tensor matvec(Tensor vectors) {
    Checks.vectors("LinearOperator.matvec", vectors, columns(), this);
    List<Tensor> products = new ArrayList<>();
    for (int s = 0; s < vectors.size(0); s++) {
      products.add(Func.jvp(function, point, vectors.select(0, s)).tangent());
    }
    return Tensor.stack(products, 0);
  }

  @Override
  public Tensor rmatvec(Tensor vectors) {
    Checks.vectors("LinearOperator.rmatvec", vectors, rows, this);
    List<Tensor> products = new ArrayList<>();
    for (int s = 0; s < vectors.size(0); s++) {
      products.add(linearisation.pullback(vectors.select(0, s)));
    }
    return Tensor.stack(products, 0);
  }

  @Override
  public void close() {
    linearisation.close();
  }
}
