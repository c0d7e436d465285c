package dev.viking.linalg;

import dev.viking.torch.Tensor;

/**
 * What a solver found for S right-hand sides.
 *
 * @param x [S, n], the solutions; belongs to the scope of the call
 * @param status how the solve ended; the worst over the S right-hand sides
 * @param iterations iterations taken, the largest over the S right-hand sides; 0 for a
 *     factorisation
 * @param residual 0-dimensional, the relative residual |r - K x| / |r| over all right-hand sides (0
 *     when r is zero); left on the device, so that nothing waits for it
 */
public record Solution(Tensor x, SolverStatus status, int iterations, Tensor residual) {

  /**
   * The relative residual as a number; waits for the device.
   *
   * @return |r - K x| / |r|
   */
  public double relativeResidual() {
    return residual.item();
  }
}
