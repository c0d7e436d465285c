package dev.viking.nn;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * The Gram matrix of rows in float64, in which products of float32 numbers are exact.
 *
 * <p>Rows of a narrower type are widened a slab of columns at a time, so that the wide copy stays
 * in the processor's cache.
 */
final class WideGram {
  private static final long CPU_SLAB_BYTES = 512L << 10;
  private static final long DEVICE_SLAB_BYTES = 256L << 20;
  private static final long LEAST_COLUMNS = 512;

  private WideGram() {}

  /** Adds {@code rows rows^T} to {@code gram}, [n, n] float64. */
  static void add(Tensor rows, Tensor gram) {
    if (rows.dtype() == DType.FLOAT64) {
      gram.addmm_(rows, rows.t(), 1, 1);
      return;
    }
    long columns = rows.size(1);
    long slab = rows.device().type() == Device.Type.CPU ? CPU_SLAB_BYTES : DEVICE_SLAB_BYTES;
    long width =
        Math.max(LEAST_COLUMNS, slab / (DType.FLOAT64.byteSize() * Math.max(1, rows.size(0))));
    for (long start = 0; start < columns; start += width) {
      try (Scope _ = Scope.open()) {
        Tensor wide = rows.narrow(1, start, Math.min(width, columns - start)).to(DType.FLOAT64);
        gram.addmm_(wide, wide.t(), 1, 1);
      }
    }
  }
}
