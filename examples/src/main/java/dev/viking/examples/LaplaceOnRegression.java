package dev.viking.examples;

import dev.viking.nn.Linearisation;
import dev.viking.nn.Model;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * The Laplace approximation of a small regression network, dense: N(theta, (J^T J / noise^2 +
 * alpha)^-1) with J the Jacobian of the outputs at all data.
 *
 * <p>Where there are more parameters than data, most directions are in the kernel of J and have the
 * prior's whole variance. The linearised network does not notice. The network itself does: that
 * many large steps along straight lines leave the set of equal functions, and the samples fit
 * nothing, however well the mean does.
 *
 * @param model the network
 * @param mean its trained parameters, [D] float64
 * @param deviations samples less the mean, [S, D]
 */
record LaplaceOnRegression(Model model, Tensor mean, Tensor deviations) {

  /**
   * Draws samples.
   *
   * @param inputs of the data, [N, ...]
   * @param noise standard deviation of the likelihood
   * @param precision alpha of the prior
   * @param count how many samples
   */
  static LaplaceOnRegression of(
      Model model, Tensor mean, Tensor inputs, double noise, double precision, int count, Rng rng) {
    try (Scope scope = Scope.open();
        Linearisation at = Linearisation.of(model, mean, inputs)) {
      Tensor jacobian = at.functionJacobian();
      long size = mean.size(0);
      Tensor matrix =
          jacobian
              .t()
              .matmul(jacobian)
              .div(noise * noise)
              .add(Tensor.eye(size, DType.FLOAT64, mean.device()).mul(precision));
      Tensor factor = matrix.cholesky();
      // L L^T = H gives (L^-T z) the covariance H^-1.
      Tensor white = Tensor.randn(rng, DType.FLOAT64, size, count);
      Tensor deviations = factor.t().solveTriangular(white, true).t().contiguous();
      return new LaplaceOnRegression(model, mean, scope.keep(deviations));
    }
  }

  PredictiveSamples predict(Predictions kind, Tensor inputs) {
    return new Predictor(model, kind).predictAround(mean, deviations, inputs);
  }

  PredictiveSamples meanAlone(Tensor inputs) {
    return new Predictor(model, Predictions.SAMPLED).predict(mean, inputs);
  }

  /** The root mean square over samples and data of the error of predictions. */
  static double error(PredictiveSamples predictions, Tensor targets) {
    try (Scope _ = Scope.open()) {
      return Math.sqrt(predictions.outputs().sub(targets).square().mean().item());
    }
  }
}
