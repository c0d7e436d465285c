package dev.viking.baseline;

import dev.viking.torch.DType;
import dev.viking.torch.LinalgException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * The Gaussian N(theta, (H + alpha)^-1) of a Laplace approximation, and the evidence for alpha: log
 * p(data | alpha) = log p(data | theta) + ratio(alpha) with ratio = (P log alpha - alpha |theta|^2
 * - log det(H + alpha)) / 2.
 *
 * <p>The evidence has one maximum, where the effective number of parameters, sum_i l_i / (l_i +
 * alpha) over the eigenvalues l of H, is alpha |theta|^2.
 *
 * @param precision alpha
 * @param effectiveParameters sum_i l_i / (l_i + alpha)
 * @param logRatio ratio(alpha)
 * @param factor [P, P] float64, F with (H + alpha)^-1 = F F^T
 */
record LastLayerEvidence(
    double precision, double effectiveParameters, double logRatio, Tensor factor) {
  private static final double LEAST = 1e-12;
  private static final double MOST = 1e12;
  private static final int HALVINGS = 200;

  /**
   * The Gaussian.
   *
   * @param hessian H, [P, P] float64
   * @param squaredNorm |theta|^2
   * @param given alpha, or 0 for the one of the largest evidence
   */
  static LastLayerEvidence of(Tensor hessian, double squaredNorm, double given) {
    try (Scope scope = Scope.open()) {
      Tensor.Eigh eigh = hessian.add(hessian.t()).mul(0.5).eigh();
      double[] values = eigh.values().toDoubleArray();
      for (int i = 0; i < values.length; i++) {
        if (!Double.isFinite(values[i])) {
          throw new LinalgException(
              "LastLayerLaplace: the Hessian holds NaN or infinite values; a finite one is needed");
        }
        // Negative ones are rounding.
        values[i] = Math.max(0, values[i]);
      }
      double alpha = given > 0 ? given : best(values, squaredNorm);
      Tensor scale = Tensor.of(values).to(hessian.device()).add(alpha).rsqrt();
      return new LastLayerEvidence(
          alpha,
          effective(values, alpha),
          ratio(values, squaredNorm, alpha),
          scope.keep(eigh.vectors().mul(scale).to(DType.FLOAT64)));
    }
  }

  /** The maximum, by bisection: effective - alpha |theta|^2 falls as alpha grows. */
  private static double best(double[] values, double squaredNorm) {
    double low = Math.log(LEAST);
    double high = Math.log(MOST);
    for (int i = 0; i < HALVINGS; i++) {
      double middle = 0.5 * (low + high);
      double alpha = Math.exp(middle);
      if (effective(values, alpha) > alpha * squaredNorm) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return Math.exp(0.5 * (low + high));
  }

  static double effective(double[] values, double alpha) {
    double sum = 0;
    for (double value : values) {
      sum += value / (value + alpha);
    }
    return sum;
  }

  static double ratio(double[] values, double squaredNorm, double alpha) {
    double logDeterminant = 0;
    for (double value : values) {
      logDeterminant += Math.log(value + alpha);
    }
    return 0.5 * (values.length * Math.log(alpha) - alpha * squaredNorm - logDeterminant);
  }
}
