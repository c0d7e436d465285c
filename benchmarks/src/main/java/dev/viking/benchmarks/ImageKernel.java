package dev.viking.benchmarks;

import dev.viking.torch.DType;
import dev.viking.torch.Op;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the derivatives of LeNet's convolutions and pooling call 32 images at a time: the library's
 * own operator, or libtorch's for the same.
 */
public final class ImageKernel implements Kernel {
  private static final long BATCH = 32;
  private static final Op OWN_POOL = Op.of("viking::max_pool2x2", "");
  private static final Op POOL = Op.of("aten::max_pool2d_with_indices", "");
  private static final Op OWN_COLUMNS = Op.of("viking::columns", "");
  private static final Op COLUMNS = Op.of("aten::im2col", "");
  private static final Op OWN_PRODUCT = Op.of("viking::bmm", "");
  private static final Op PRODUCT = Op.of("aten::bmm", "");
  private static final long[] TWO = {2, 2};
  private static final long[] NONE = {0, 0};
  private static final long[] ONE = {1, 1};
  private static final long[] FIVE = {5, 5};
  private static final long[] WINDOW = {5, 5, 1, 1, 1, 1, 0, 0, 0, 0};

  /** The work. */
  public enum Work {
    /** The largest of each 2x2 tile and where it is, [32, 6, 24, 24]. */
    POOLING,
    /** The windows of the first convolution as columns, [32, 25, 576]. */
    COLUMNS,
    /** The first convolution, 6 x 25 x 576. */
    FIRST_FORWARD,
    /** The second convolution, 16 x 150 x 64. */
    SECOND_FORWARD,
    /** The first convolution's per-example gradients, 6 x 576 x 25. */
    FIRST_ROWS,
    /** The second convolution's per-example gradients, 16 x 64 x 150. */
    SECOND_ROWS
  }

  private final Work work;
  private final boolean own;
  private final Tensor left;
  private final @Nullable Tensor right;

  /**
   * The kernel.
   *
   * @param work what is computed
   * @param own whether by the library's own operator
   */
  public ImageKernel(Work work, boolean own) {
    this.work = work;
    this.own = own;
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(9)) {
      left = scope.keep(Tensor.randn(rng, DType.FLOAT32, leftShape(work)));
      long[] shape = rightShape(work);
      right = shape.length == 0 ? null : scope.keep(Tensor.randn(rng, DType.FLOAT32, shape));
    }
  }

  private static long[] leftShape(Work work) {
    return switch (work) {
      case POOLING -> new long[] {BATCH, 6, 24, 24};
      case COLUMNS -> new long[] {BATCH, 1, 28, 28};
      case FIRST_FORWARD -> new long[] {1, 6, 25};
      case SECOND_FORWARD -> new long[] {1, 16, 150};
      case FIRST_ROWS -> new long[] {BATCH, 6, 576};
      case SECOND_ROWS -> new long[] {BATCH, 16, 64};
    };
  }

  private static long[] rightShape(Work work) {
    return switch (work) {
      case POOLING, COLUMNS -> new long[0];
      case FIRST_FORWARD, FIRST_ROWS -> new long[] {BATCH, 25, 576};
      case SECOND_FORWARD, SECOND_ROWS -> new long[] {BATCH, 150, 64};
    };
  }

  private Tensor compute() {
    return switch (work) {
      case POOLING ->
          Objects.requireNonNull(
              (own ? OWN_POOL.callAll(left) : POOL.callAll(left, TWO, TWO, NONE)).get(0));
      case COLUMNS ->
          own ? OWN_COLUMNS.call(left, WINDOW) : COLUMNS.call(left, FIVE, ONE, NONE, ONE);
      case FIRST_FORWARD, SECOND_FORWARD -> product(Objects.requireNonNull(right));
      case FIRST_ROWS, SECOND_ROWS -> product(Objects.requireNonNull(right).transpose(1, 2));
    };
  }

  private Tensor product(Tensor columns) {
    return own
        ? OWN_PRODUCT.call(left, columns, null)
        : PRODUCT.call(left.expand(BATCH, -1, -1), columns);
  }

  @Override
  public void run(int times) {
    for (int i = 0; i < times; i++) {
      try (Scope _ = Scope.open()) {
        Tensor _ = compute();
      }
    }
  }

  @Override
  public double[] result() {
    try (Scope _ = Scope.open()) {
      return compute().toDoubleArray();
    }
  }

  @Override
  public void close() {
    left.close();
    if (right != null) {
      right.close();
    }
  }
}
