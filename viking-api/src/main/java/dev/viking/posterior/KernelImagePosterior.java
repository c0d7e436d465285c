package dev.viking.posterior;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * The posterior's variables: the mean [D], log alpha and log sigma_im, one after the other in a
 * single vector, so that one optimiser step moves all of them.
 *
 * <p>The prior is N(0, 1 / alpha); the standard deviation in the kernel is tied to it, sigma_ker =
 * alpha^(-1/2). The accessors give views: what changes the vector changes them. The tensors belong
 * to the scope in which the posterior was made, or to the caller, who closes it. Reading from
 * several threads is safe while nobody writes.
 */
public final class KernelImagePosterior implements AutoCloseable {
  private final Tensor variables;
  private final Tensor mean;
  private final Tensor logPrecision;
  private final Tensor logScaleImage;

  private KernelImagePosterior(Tensor variables) {
    long dimension = variables.size(0) - 2;
    this.variables = variables;
    this.mean = variables.narrow(0, 0, dimension);
    this.logPrecision = variables.select(0, dimension);
    this.logScaleImage = variables.select(0, dimension + 1);
  }

  /**
   * A posterior around a mean.
   *
   * @param mean [D] of a floating-point type; copied
   * @param logPrecision log alpha
   * @param logScaleImage log sigma_im
   * @return the posterior, on the mean's device and in its type
   * @throws ShapeException when the mean has not one dimension or no element
   * @throws DTypeException when the mean does not hold floating-point numbers
   * @throws ArgumentException when a scale is not finite
   */
  public static KernelImagePosterior of(Tensor mean, double logPrecision, double logScaleImage) {
    if (mean.dim() != 1 || mean.numel() == 0) {
      throw new ShapeException(
          "KernelImagePosterior.of: mean has shape "
              + Arrays.toString(mean.shape())
              + "; one non-empty dimension is needed");
    }
    if (!mean.dtype().isFloatingPoint()) {
      throw new DTypeException(
          "KernelImagePosterior.of: mean holds "
              + mean.dtype()
              + "; floating-point numbers are needed");
    }
    if (!Double.isFinite(logPrecision) || !Double.isFinite(logScaleImage)) {
      throw new ArgumentException(
          "KernelImagePosterior.of: logPrecision is "
              + logPrecision
              + " and logScaleImage "
              + logScaleImage
              + "; finite numbers are needed");
    }
    try (Scope scope = Scope.open()) {
      Tensor scales = Tensor.of(logPrecision, logScaleImage).to(mean.dtype()).to(mean.device());
      KernelImagePosterior posterior =
          new KernelImagePosterior(Tensor.cat(List.of(mean, scales), 0));
      return posterior.keepIn(scope);
    }
  }

  /**
   * Lets the posterior outlive a scope, as {@link Scope#keep(Tensor)} does with one tensor.
   *
   * @param scope the scope that owns it, or one around that
   * @return this posterior
   */
  public KernelImagePosterior keepIn(Scope scope) {
    scope.keep(List.of(variables, mean, logPrecision, logScaleImage));
    return this;
  }

  /**
   * All variables in one vector.
   *
   * @return [D + 2]: the mean, log alpha, log sigma_im
   */
  public Tensor variables() {
    return variables;
  }

  /**
   * The mean.
   *
   * @return [D], a view
   */
  public Tensor mean() {
    return mean;
  }

  /**
   * The logarithm of the prior precision.
   *
   * @return 0-dimensional, a view
   */
  public Tensor logPrecision() {
    return logPrecision;
  }

  /**
   * The logarithm of the standard deviation in the image.
   *
   * @return 0-dimensional, a view
   */
  public Tensor logScaleImage() {
    return logScaleImage;
  }

  /**
   * The number of parameters.
   *
   * @return D
   */
  public long dimension() {
    return mean.size(0);
  }

  /**
   * The standard deviation in the kernel, alpha^(-1/2); waits for the device.
   *
   * @return sigma_ker
   */
  public double scaleKernel() {
    return Math.exp(-0.5 * logPrecision.item());
  }

  /**
   * The standard deviation in the image; waits for the device.
   *
   * @return sigma_im
   */
  public double scaleImage() {
    return Math.exp(logScaleImage.item());
  }

  /**
   * The deviations from the mean of given samples.
   *
   * @param kernel [S, D], k
   * @param image [S, D], m
   * @return [S, D], sigma_ker k + sigma_im m
   * @throws ShapeException when a shape is another
   */
  public Tensor deviations(Tensor kernel, Tensor image) {
    Checks.samples("KernelImagePosterior.deviations", "kernel", kernel, this);
    Checks.samples("KernelImagePosterior.deviations", "image", image, this);
    try (Scope scope = Scope.open()) {
      Tensor scaleKernel = logPrecision.mul(-0.5).exp();
      return scope.keep(kernel.mul(scaleKernel).addcmul_(image, logScaleImage.exp(), 1.0));
    }
  }

  /** Frees the tensors. Closing again does nothing. */
  @Override
  public void close() {
    mean.close();
    logPrecision.close();
    logScaleImage.close();
    variables.close();
  }
}
