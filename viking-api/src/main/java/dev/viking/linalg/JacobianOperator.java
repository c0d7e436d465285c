package dev.viking.linalg;

import dev.viking.func.Func;
import dev.viking.func.TensorFunction;
import dev.viking.func.Vjp;
import dev.viking.func.VmapOptions;
import dev.viking.internal.Arguments;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.Objects;

/**
 * The Jacobian of a function at a point, known by forward- and reverse-mode derivatives only.
 *
 * <p>Products with several vectors are one batched derivative, in as few pieces as the memory limit
 * allows. How much one vector takes is estimated from the tensors that one evaluation of the
 * function leaves behind.
 *
 * <p>Holds one reverse-mode linearisation, which {@link #close} frees.
 */
public final class JacobianOperator implements LinearOperator {
  /** Bytes that a product may take beyond its arguments and its result, unless set otherwise. */
  public static final long DEFAULT_MEMORY = 1L << 30;

  private final TensorFunction function;
  private final Tensor point;
  private final Vjp linearisation;
  private final long rows;
  private final long vectorBytes;
  private final long memory;

  JacobianOperator(TensorFunction function, Tensor point, long memory) {
    Checks.floating("LinearOperator.jacobian", "point", point);
    Checks.dimensions("LinearOperator.jacobian", "point", point, 1);
    Arguments.atLeast("LinearOperator.jacobian", "memory", memory, 1);
    this.function = x -> function.apply(x).flatten();
    this.point = point;
    this.memory = memory;
    long[] footprint = new long[1];
    this.linearisation =
        Func.vjp(
            x -> {
              Tensor value = function.apply(x).flatten();
              footprint[0] = Objects.requireNonNull(Scope.current()).bytes(point.device());
              return value;
            },
            point);
    this.rows = linearisation.output().numel();
    long ends = (point.size(0) + rows) * point.dtype().byteSize();
    this.vectorBytes = footprint[0] + ends;
  }

  /**
   * The function's value at the point.
   *
   * @return [n], flattened; lives as long as this operator
   */
  public Tensor value() {
    return linearisation.output();
  }

  /**
   * How many vectors go through a derivative together.
   *
   * @return at least 1
   */
  public long chunk() {
    return Math.max(1, memory / vectorBytes);
  }

  /**
   * Some of the rows, formed.
   *
   * @param first the first one
   * @param count how many
   * @return [count, D], in the current scope
   * @throws dev.viking.torch.ArgumentException when there are no such rows
   */
  public Tensor rows(long first, long count) {
    Arguments.atLeast("JacobianOperator.rows", "first", first, 0);
    Arguments.atLeast("JacobianOperator.rows", "count", count, 1);
    Arguments.atLeast("JacobianOperator.rows", "rows left after them", rows - first - count, 0);
    try (Scope scope = Scope.open()) {
      return scope.keep(rmatvec(UnitVectors.of(this, first, count)));
    }
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
    return mapped(v -> Func.jvp(function, point, v).tangent(), vectors, rows);
  }

  @Override
  public Tensor rmatvec(Tensor vectors) {
    Checks.vectors("LinearOperator.rmatvec", vectors, rows, this);
    return mapped(linearisation::pullback, vectors, columns());
  }

  /**
   * The Gram matrix, from rows formed in panels that take at most half the memory limit each; where
   * there is more than one panel, rows are formed again for each pair.
   *
   * @return J J^T, [n, n], float64
   */
  @Override
  public Tensor gram() {
    long panel = Math.max(1, memory / 2 / Math.max(1, columns() * dtype().byteSize()));
    try (Scope scope = Scope.open()) {
      Tensor gram = Tensor.zeros(new long[] {rows, rows}, DType.FLOAT64, device());
      for (long i = 0; i < rows; i += panel) {
        try (Scope _ = Scope.open()) {
          long height = Math.min(panel, rows - i);
          Tensor some = rows(i, height);
          gram.narrow(0, i, height).narrow(1, i, height).copy_(GramMatrix.of(some));
          for (long j = i + panel; j < rows; j += panel) {
            try (Scope _ = Scope.open()) {
              long width = Math.min(panel, rows - j);
              Tensor block = GramMatrix.of(some, rows(j, width));
              gram.narrow(0, i, height).narrow(1, j, width).copy_(block);
              gram.narrow(0, j, width).narrow(1, i, height).copy_(block.t());
            }
          }
        }
      }
      return scope.keep(gram);
    }
  }

  private Tensor mapped(TensorFunction one, Tensor vectors, long length) {
    if (vectors.size(0) == 0) {
      return Tensor.zeros(new long[] {0, length}, dtype(), device());
    }
    try (Scope scope = Scope.open()) {
      if (vectors.size(0) == 1) {
        return scope.keep(one.apply(vectors.select(0, 0)).unsqueeze(0));
      }
      long size = chunk() >= vectors.size(0) ? 0 : chunk();
      return scope.keep(
          Func.vmap(v -> List.of(one.apply(v.getFirst())), VmapOptions.defaults().chunkSize(size))
              .apply(List.of(vectors))
              .getFirst());
    }
  }

  @Override
  public void close() {
    linearisation.close();
  }
}
