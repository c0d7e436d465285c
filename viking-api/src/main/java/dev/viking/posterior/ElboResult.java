package dev.viking.posterior;

import dev.viking.linalg.SolverStatus;
import dev.viking.torch.Tensor;

/**
 * One evaluation of the objective on a minibatch, with its gradient. Scalars are 0-dimensional and
 * stay on the device, so that nothing waits for them; all tensors belong to the scope of the call.
 *
 * @param loss expectation + klWeight * kl, float64
 * @param expectation mean over samples of the summed minibatch loss, float64
 * @param kl KL(q || p), not weighted, float64
 * @param klWeight beta as used
 * @param imageDimension D - R, float64
 * @param imageDimensions the share of each group of parameters in D - R, [G], its sum being D - R
 *     up to rounding; the same tensor as {@code imageDimension} where one scale is for all
 *     parameters
 * @param residual |J k| / |J u| of the projection
 * @param status how the projection's solver ended
 * @param gradient [D + n], the gradient of the loss in {@link KernelImagePosterior#variables}
 * @param kernelSamples [S, D], k = P u
 * @param imageSamples [S, D], m
 * @param outputs [S, B, C], the predictions of the samples
 */
public record ElboResult(
    Tensor loss,
    Tensor expectation,
    Tensor kl,
    double klWeight,
    Tensor imageDimension,
    Tensor imageDimensions,
    Tensor residual,
    SolverStatus status,
    Tensor gradient,
    Tensor kernelSamples,
    Tensor imageSamples,
    Tensor outputs) {

  /**
   * The gradient in the mean.
   *
   * @return [D], a view
   */
  public Tensor gradMean() {
    return gradient.narrow(0, 0, dimension());
  }

  /**
   * The derivative in log alpha.
   *
   * @return 0-dimensional, a view
   */
  public Tensor gradLogPrecision() {
    return gradient.select(0, dimension());
  }

  /**
   * The derivative in log sigma_im, where that is one number.
   *
   * @return 0-dimensional, a view
   */
  public Tensor gradLogScaleImage() {
    return gradient.select(0, dimension() + 1);
  }

  /**
   * The dimension of the kernel as estimated; waits for the device.
   *
   * @return R
   */
  public double rank() {
    return dimension() - imageDimension.item();
  }

  private long dimension() {
    return kernelSamples.size(1);
  }
}
