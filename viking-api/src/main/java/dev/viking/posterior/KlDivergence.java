package dev.viking.posterior;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * KL(q || p) of the posterior against its prior N(0, 1 / alpha), with its derivatives in the two
 * scales, in float64.
 *
 * <p>In the reduced form 1/2 [(D - R)(v - 1 - log v) + alpha |mean|^2], v = alpha sigma_im^2: the
 * kernel block has the prior's variance and costs nothing, and no terms of the size of D log alpha
 * cancel.
 *
 * @param value the divergence, 0-dimensional
 * @param gradLogPrecision its derivative in log alpha, 0-dimensional
 * @param gradLogScaleImage its derivative in log sigma_im, 0-dimensional
 * @param precision alpha, 0-dimensional; alpha times the mean is the gradient in the mean
 */
record KlDivergence(
    Tensor value, Tensor gradLogPrecision, Tensor gradLogScaleImage, Tensor precision) {

  static KlDivergence of(KernelImagePosterior posterior, Tensor imageDimension) {
    try (Scope scope = Scope.open()) {
      Tensor logPrecision = posterior.logPrecision().to(DType.FLOAT64);
      Tensor logRatio = logPrecision.addScaled(posterior.logScaleImage().to(DType.FLOAT64), 2.0);
      Tensor excess = logRatio.expm1();
      Tensor precision = logPrecision.exp();
      Tensor mean = posterior.mean();
      Tensor pull = precision.mul(mean.dot(mean).to(DType.FLOAT64));
      Tensor perDirection = imageDimension.mul(excess);
      return new KlDivergence(
          scope.keep(imageDimension.mul(excess.sub(logRatio)).add(pull).mul(0.5)),
          scope.keep(perDirection.add(pull).mul(0.5)),
          scope.keep(perDirection),
          scope.keep(precision));
    }
  }
}
