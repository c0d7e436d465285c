package dev.viking.linalg;

import dev.viking.torch.Tensor;

/** Relative residuals, left on the device. */
final class Residuals {
  private Residuals() {}

  /** |residual| / |reference| over all entries, and 0 when both are zero; 0-dimensional. */
  static Tensor relative(Tensor residual, Tensor reference) {
    Tensor norm = reference.norm();
    return residual.norm().div(norm.add(norm.eq(0.0).to(norm.dtype())));
  }
}
