package dev.viking.posterior;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Samples of the posterior in their two parts, both of standard normal scale: theta_s = mean +
 * sigma_ker k_s + sigma_im m_s.
 *
 * @param kernel [S, D], k
 * @param image [S, D], m
 */
public record PosteriorSamples(Tensor kernel, Tensor image) {

  /**
   * The number of samples.
   *
   * @return S
   */
  public long count() {
    return kernel.size(0);
  }

  /**
   * The share of the variance that lies in the kernel, an estimate of R / D.
   *
   * @return |k|^2 / (|k|^2 + |m|^2); waits for the device
   */
  public double kernelShare() {
    try (Scope _ = Scope.open()) {
      double inKernel = Math.pow(kernel.norm().item(), 2);
      double inImage = Math.pow(image.norm().item(), 2);
      return inKernel / (inKernel + inImage);
    }
  }

  /**
   * The deviations from the mean.
   *
   * @param posterior whose scales
   * @return [S, D], sigma_ker k + sigma_im m
   */
  public Tensor deviations(KernelImagePosterior posterior) {
    return posterior.deviations(kernel, image);
  }

  /**
   * The sampled parameters.
   *
   * @param posterior whose mean and scales
   * @return [S, D], theta
   */
  public Tensor parameters(KernelImagePosterior posterior) {
    try (Scope scope = Scope.open()) {
      return scope.keep(posterior.deviations(kernel, image).add_(posterior.mean()));
    }
  }

  /**
   * Lets the samples outlive a scope.
   *
   * @param scope the scope that owns them, or one around that
   * @return these samples
   */
  public PosteriorSamples keepIn(Scope scope) {
    scope.keep(List.of(kernel, image));
    return this;
  }
}
