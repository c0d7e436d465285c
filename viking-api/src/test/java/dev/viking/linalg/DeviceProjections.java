package dev.viking.linalg;

import dev.viking.torch.Tensor;

/** Projections made the way other devices than the CPU make them, for tests without one. */
public final class DeviceProjections {
  private DeviceProjections() {}

  /** The exact projection by rows, made without waiting for any number. */
  public static KernelProjection of(Tensor rows) {
    double cutoff = new ExactSolver().cutoff(rows.dtype());
    return new KernelProjection(GramFactor.withoutWaiting(LinearOperator.of(rows), cutoff, 1));
  }
}
