package dev.viking.posterior;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** The prior's precision that minimises the KL divergence, with all else given. */
final class EmpiricalBayes {
  private EmpiricalBayes() {}

  /**
   * Moves log alpha to its optimum; nothing waits for the device.
   *
   * @param imageDimensions the share of each group in D - R, [G], or 0-dimensional
   */
  static void update(KernelImagePosterior posterior, Tensor imageDimensions) {
    try (Scope _ = Scope.open()) {
      Tensor optimum = logPrecision(posterior, imageDimensions);
      posterior.logPrecision().copy_(optimum.to(posterior.mean().dtype()));
    }
  }

  /** The optimal log alpha, 0-dimensional float64. */
  static Tensor logPrecision(KernelImagePosterior posterior, Tensor imageDimensions) {
    try (Scope scope = Scope.open()) {
      Tensor mean = posterior.mean();
      Tensor imageVariance = posterior.logScaleImage().to(DType.FLOAT64).mul(2.0).exp();
      Tensor spread =
          mean.dot(mean).to(DType.FLOAT64).add(imageVariance.mul(imageDimensions).sum());
      // A minibatch without any gradient has no image.
      Tensor logDimension = imageDimensions.sum().clampMin(1.0).log();
      Tensor logScaleKernel = posterior.logScaleKernel();
      if (logScaleKernel != null) {
        Tensor kernelVariance = logScaleKernel.to(DType.FLOAT64).mul(2.0).exp();
        spread = spread.add(kernelVariance.mul(sizes(posterior).sub(imageDimensions)).sum());
        logDimension =
            Tensor.full(new long[0], dimension(posterior), DType.FLOAT64, mean.device()).log();
      }
      return scope.keep(logDimension.sub(spread.log()));
    }
  }

  private static double dimension(KernelImagePosterior posterior) {
    return (double) posterior.dimension();
  }

  /** Parameters of each group, [G], or their number, 0-dimensional. */
  private static Tensor sizes(KernelImagePosterior posterior) {
    ScaleLayout scales = posterior.scales();
    if (!scales.isGrouped()) {
      return Tensor.full(
          new long[0], dimension(posterior), DType.FLOAT64, posterior.mean().device());
    }
    return scales.sizesOn(posterior.mean().device());
  }
}
