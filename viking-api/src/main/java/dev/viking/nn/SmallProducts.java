package dev.viking.nn;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Products of many small matrices, one per example, and the choice of the library's own kernels.
 *
 * <p>libtorch's batched product packs its operands for each example, which for the windows of small
 * images takes as long as the product.
 */
final class SmallProducts {
  /** Rows of a Gram matrix up to which the library's own kernel is the faster one. */
  static final long FEW_ROWS = 64;

  private SmallProducts() {}

  /** Whether the library has kernels of its own for such tensors. */
  static boolean hasKernels(Tensor tensor) {
    return tensor.device().type() == Device.Type.CPU
        && (tensor.dtype() == DType.FLOAT32 || tensor.dtype() == DType.FLOAT64);
  }

  /**
   * A product for each example.
   *
   * @param left [1 or B, m, k]; one matrix for all examples, or one for each
   * @param right [B, k, n]
   * @return [B, m, n]
   */
  static Tensor of(Tensor left, Tensor right) {
    return of(left, right, null);
  }

  /**
   * A product for each example, plus a number for each row.
   *
   * @param left [1 or B, m, k]
   * @param right [B, k, n]
   * @param bias [m], or [B, m], or null
   * @return [B, m, n]
   */
  static Tensor of(Tensor left, Tensor right, @Nullable Tensor bias) {
    if (hasKernels(right)) {
      return NativeOps.BMM.call(left, right, bias);
    }
    Tensor each = expanded(left, right);
    return bias == null ? each.bmm(right) : bias.unsqueeze(-1).baddbmm(each, right, 1, 1);
  }

  /**
   * Adds a product for each example.
   *
   * @param sum [B, m, n], contiguous; changed
   * @param left [1 or B, m, k]
   * @param right [B, k, n]
   */
  static void add(Tensor sum, Tensor left, Tensor right) {
    if (hasKernels(right)) {
      NativeOps.OWN_BADDBMM_.call(sum, left, right);
    } else {
      NativeOps.BADDBMM_.call(sum, expanded(left, right), right);
    }
  }

  private static Tensor expanded(Tensor left, Tensor right) {
    return left.size(0) == right.size(0) ? left : left.expand(right.size(0), -1, -1);
  }
}
