package dev.viking.linalg;

import dev.viking.torch.Tensor;

/**
 * S vectors split by a Jacobian J of n rows: u = k + m with J k = 0 and m in the range of J^T.
 *
 * @param kernel [S, D], k = P u
 * @param image [S, D], m = u - P u
 * @param multipliers [S, n], lambda with m = J^T lambda
 * @param residual 0-dimensional, |J k| / |J u| over all S vectors; left on the device, so that
 *     nothing waits for it
 * @param status how the solve ended
 * @param iterations iterations of the solver; 0 for a factorisation
 */
public record Projection(
    Tensor kernel,
    Tensor image,
    Tensor multipliers,
    Tensor residual,
    SolverStatus status,
    int iterations) {

  /**
   * The relative residual as a number; waits for the device.
   *
   * @return |J k| / |J u|
   */
  public double relativeResidual() {
    return residual.item();
  }
}
