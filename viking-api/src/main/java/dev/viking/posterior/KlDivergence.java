package dev.viking.posterior;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * KL(q || p) of the posterior against its prior N(0, 1 / alpha), with its derivatives in the
 * scales, in float64.
 *
 * <p>In the reduced form 1/2 [(D - R)(v - 1 - log v) + alpha |mean|^2], v = alpha sigma_im^2: where
 * sigma_ker is tied to alpha, the kernel block has the prior's variance and costs nothing, and no
 * terms of the size of D log alpha cancel. A sigma_ker of its own adds 1/2 R (w - 1 - log w), w =
 * alpha sigma_ker^2.
 *
 * @param value the divergence, 0-dimensional
 * @param gradLogPrecision its derivative in log alpha, 0-dimensional
 * @param gradLogScaleImage its derivative in log sigma_im, 0-dimensional or [G]
 * @param gradLogScaleKernel its derivative in log sigma_ker, 0-dimensional or [G]; null where that
 *     is tied to alpha
 * @param precision alpha, 0-dimensional; alpha times the mean is the gradient in the mean
 */
record KlDivergence(
    Tensor value,
    Tensor gradLogPrecision,
    Tensor gradLogScaleImage,
    @Nullable Tensor gradLogScaleKernel,
    Tensor precision) {

  /** For one scale over all parameters. */
  static KlDivergence of(KernelImagePosterior posterior, Tensor imageDimension) {
    try (Scope scope = Scope.open()) {
      Tensor logPrecision = posterior.logPrecision().to(DType.FLOAT64);
      Tensor logRatio = logPrecision.addScaled(posterior.logScaleImage().to(DType.FLOAT64), 2.0);
      Tensor excess = logRatio.expm1();
      Tensor precision = logPrecision.exp();
      Tensor mean = posterior.mean();
      Tensor pull = precision.mul(mean.dot(mean).to(DType.FLOAT64));
      Tensor perDirection = imageDimension.mul(excess);
      Tensor value = imageDimension.mul(excess.sub(logRatio)).add(pull);
      Tensor slope = perDirection.add(pull);
      Tensor gradKernel = null;
      if (posterior.logScaleKernel() != null) {
        Tensor kernelRatio =
            logPrecision.addScaled(posterior.logScaleKernel().to(DType.FLOAT64), 2.0);
        Tensor kernelExcess = kernelRatio.expm1();
        Tensor kernelDimension = imageDimension.rsub((double) posterior.dimension());
        gradKernel = scope.keep(kernelDimension.mul(kernelExcess));
        value = value.add(kernelDimension.mul(kernelExcess.sub(kernelRatio)));
        slope = slope.add(gradKernel);
      }
      return new KlDivergence(
          scope.keep(value.mul(0.5)),
          scope.keep(slope.mul(0.5)),
          scope.keep(perDirection),
          gradKernel,
          scope.keep(precision));
    }
  }

  /**
   * The derivatives in all scales, one after the other as in {@link
   * KernelImagePosterior#variables}, with those of the data term added.
   *
   * @param weight of the divergence
   * @param kernel derivative of the data term in log sigma_ker
   * @param image derivative of the data term in log sigma_im
   */
  Tensor scaleGradient(double weight, Tensor kernel, Tensor image) {
    List<Tensor> parts = new ArrayList<>();
    Tensor ofPrecision = gradLogPrecision.mul(weight);
    if (gradLogScaleKernel == null) {
      ofPrecision = kernel.sum().mul(-0.5).add(ofPrecision);
    }
    parts.add(ofPrecision.unsqueeze(0));
    parts.add(image.add(gradLogScaleImage.mul(weight)).view(-1));
    if (gradLogScaleKernel != null) {
      parts.add(kernel.add(gradLogScaleKernel.mul(weight)).view(-1));
    }
    return Tensor.cat(parts, 0);
  }
}
