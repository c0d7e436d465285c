package dev.viking.posterior;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.Op;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The posterior's variables: the mean [D], log alpha, log sigma_im and, unless it is tied, log
 * sigma_ker, one after the other in a single vector, so that one optimiser step moves all of them.
 *
 * <p>The prior is N(0, 1 / alpha); in the paper's layout the standard deviation in the kernel is
 * tied to it, sigma_ker = alpha^(-1/2). {@link ScaleLayout} has others, with G scales for groups of
 * parameters where there was one. The accessors give views: what changes the vector changes them.
 * The tensors belong to the scope in which the posterior was made, or to the caller, who closes it.
 * Reading from several threads is safe while nobody writes.
 */
public final class KernelImagePosterior implements AutoCloseable {
  private static final Op COMBINE = Op.of("viking::combine", "");

  private final ScaleLayout scales;
  private final Tensor variables;
  private final Tensor mean;
  private final Tensor logPrecision;
  private final Tensor logScaleImage;
  private final @Nullable Tensor logScaleKernel;

  private KernelImagePosterior(ScaleLayout scales, Tensor variables) {
    long dimension = variables.size(0) - scales.variables();
    this.scales = scales;
    this.variables = variables;
    this.mean = variables.narrow(0, 0, dimension);
    this.logPrecision = variables.select(0, dimension);
    this.logScaleImage = scale(dimension + 1);
    this.logScaleKernel = scales.kernelTied() ? null : scale(dimension + 1 + scales.count());
  }

  private Tensor scale(long start) {
    return scales.isGrouped()
        ? variables.narrow(0, start, scales.count())
        : variables.select(0, start);
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
    return of(mean, ScaleLayout.TIED, logPrecision, new double[] {logScaleImage}, new double[] {});
  }

  /**
   * A posterior with scales of another layout around a mean.
   *
   * @param mean [D] of a floating-point type; copied
   * @param scales which scales there are
   * @param logPrecision log alpha
   * @param logScaleImage log sigma_im, G numbers
   * @param logScaleKernel log sigma_ker, G numbers, or none where it is tied to alpha
   * @return the posterior, on the mean's device and in its type
   * @throws ShapeException when the mean has not one dimension or no element
   * @throws DTypeException when the mean does not hold floating-point numbers
   * @throws ArgumentException when a scale is not finite, their number is another, or the groups
   *     are not of D parameters together
   */
  public static KernelImagePosterior of(
      Tensor mean,
      ScaleLayout scales,
      double logPrecision,
      double[] logScaleImage,
      double[] logScaleKernel) {
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
    scales.requireDimension("KernelImagePosterior.of", mean.numel());
    checkCount("logScaleImage", logScaleImage, scales.count());
    checkCount("logScaleKernel", logScaleKernel, scales.kernelTied() ? 0 : scales.count());
    double[] numbers =
        Stream.of(new double[] {logPrecision}, logScaleImage, logScaleKernel)
            .flatMapToDouble(DoubleStream::of)
            .toArray();
    for (double number : numbers) {
      if (!Double.isFinite(number)) {
        throw new ArgumentException(
            "KernelImagePosterior.of: logPrecision is "
                + logPrecision
                + ", logScaleImage "
                + Arrays.toString(logScaleImage)
                + " and logScaleKernel "
                + Arrays.toString(logScaleKernel)
                + "; finite numbers are needed");
      }
    }
    try (Scope scope = Scope.open()) {
      Tensor tail = Tensor.of(numbers).to(mean.dtype()).to(mean.device());
      KernelImagePosterior posterior =
          new KernelImagePosterior(scales, Tensor.cat(List.of(mean, tail), 0));
      return posterior.keepIn(scope);
    }
  }

  private static void checkCount(String argument, double[] numbers, int needed) {
    if (numbers.length != needed) {
      throw new ArgumentException(
          "KernelImagePosterior.of: "
              + argument
              + " has "
              + numbers.length
              + " numbers; "
              + needed
              + " are needed");
    }
  }

  /**
   * A copy with tensors of its own.
   *
   * @return the copy, in the current scope
   */
  public KernelImagePosterior copy() {
    try (Scope scope = Scope.open()) {
      return new KernelImagePosterior(scales, variables.cloneTensor()).keepIn(scope);
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
    if (logScaleKernel != null) {
      scope.keep(logScaleKernel);
    }
    return this;
  }

  /**
   * All variables in one vector.
   *
   * @return [D + n] with n = {@link ScaleLayout#variables}: the mean, log alpha, log sigma_im and,
   *     unless tied, log sigma_ker
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
   * @return 0-dimensional, or [G] with groups; a view
   */
  public Tensor logScaleImage() {
    return logScaleImage;
  }

  /**
   * The logarithm of the standard deviation in the kernel.
   *
   * @return 0-dimensional, or [G] with groups; a view. Null where it is tied to alpha
   */
  public @Nullable Tensor logScaleKernel() {
    return logScaleKernel;
  }

  /**
   * Which scales there are.
   *
   * @return the layout
   */
  public ScaleLayout scales() {
    return scales;
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
   * The standard deviation in the kernel; waits for the device.
   *
   * @return sigma_ker; with groups the root mean square over parameters
   */
  public double scaleKernel() {
    return logScaleKernel == null
        ? Math.exp(-0.5 * logPrecision.item())
        : rootMeanSquare(logScaleKernel);
  }

  /**
   * The standard deviation in the image; waits for the device.
   *
   * @return sigma_im; with groups the root mean square over parameters
   */
  public double scaleImage() {
    return rootMeanSquare(logScaleImage);
  }

  private double rootMeanSquare(Tensor logScale) {
    if (!scales.isGrouped()) {
      return Math.exp(logScale.item());
    }
    double[] logs = logScale.toDoubleArray();
    double sum = 0;
    for (int g = 0; g < logs.length; g++) {
      sum += scales.groups().get(g) * Math.exp(2 * logs[g]);
    }
    return Math.sqrt(sum / dimension());
  }

  /** What a kernel sample is multiplied with: 0-dimensional, or [D] with groups. */
  Tensor kernelFactor() {
    return logScaleKernel == null ? logPrecision.mul(-0.5).exp() : spread(logScaleKernel.exp());
  }

  /** What an image sample is multiplied with: 0-dimensional, or [D] with groups. */
  Tensor imageFactor() {
    return spread(logScaleImage.exp());
  }

  /** One number for each group as one for each parameter, [D]; a single number as it is. */
  Tensor spread(Tensor perGroup) {
    if (!scales.isGrouped()) {
      return perGroup;
    }
    List<Tensor> parts = new ArrayList<>();
    for (int g = 0; g < scales.count(); g++) {
      parts.add(perGroup.narrow(0, g, 1).expand(scales.groups().get(g)));
    }
    return Tensor.cat(parts, 0);
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
      return scope.keep(kernel.mul(kernelFactor()).addcmul_(image, imageFactor(), 1.0));
    }
  }

  /**
   * The parameters of samples, mean + sigma_ker k + sigma_im m.
   *
   * @param kernelFactor from {@link #kernelFactor}
   * @param imageFactor from {@link #imageFactor}
   */
  Tensor samples(Tensor kernel, Tensor image, Tensor kernelFactor, Tensor imageFactor) {
    if (isPlain() && !scales.isGrouped()) {
      return COMBINE.call(mean, kernel, kernelFactor, image, imageFactor);
    }
    try (Scope scope = Scope.open()) {
      Tensor deviations = kernel.mul(kernelFactor).addcmul_(image, imageFactor, 1.0);
      return scope.keep(deviations.add_(mean));
    }
  }

  // One pass over the vectors instead of three.
  private boolean isPlain() {
    return mean.device().type() == Device.Type.CPU
        && (mean.dtype() == DType.FLOAT32 || mean.dtype() == DType.FLOAT64);
  }

  /** Frees the tensors. Closing again does nothing. */
  @Override
  public void close() {
    mean.close();
    logPrecision.close();
    logScaleImage.close();
    if (logScaleKernel != null) {
      logScaleKernel.close();
    }
    variables.close();
  }
}
