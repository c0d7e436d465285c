package dev.viking.posterior;

import dev.viking.linalg.KernelProjection;
import dev.viking.torch.DType;
import dev.viking.torch.Op;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Objects;

/**
 * KL(q || p) where groups of parameters have scales of their own. docs/explanation/
 * beyond-the-paper.md derives it.
 *
 * <p>The covariance is A A^T with A = L_ker P + L_im Q, Q = I - P = V^T V for an orthonormal basis
 * V of the row space, which is not formed. Neither factor commutes with P, yet all that the
 * divergence needs follows from the r x r matrices V_g V_g^T of the groups g: the trace from q_g =
 * tr V_g V_g^T, and log det A = sum_g D_g log sigma_ker,g + log det M with M = sum_g tau_g V_g
 * V_g^T, tau = sigma_im / sigma_ker. Unlike the rank these move with the mean; {@link #slope} is
 * the derivative in Q.
 */
final class GroupedDivergence {
  private static final Op INVERSE = Op.of("aten::linalg_inv_ex", "");

  private final KernelProjection projection;
  private final Tensor inverse;
  private final Tensor half;
  private final Tensor excess;
  final Tensor imageDimensions;
  final KlDivergence divergence;

  private GroupedDivergence(
      KernelProjection projection,
      Tensor inverse,
      Tensor half,
      Tensor excess,
      Tensor imageDimensions,
      KlDivergence divergence) {
    this.projection = projection;
    this.inverse = inverse;
    this.half = half;
    this.excess = excess;
    this.imageDimensions = imageDimensions;
    this.divergence = divergence;
  }

  static GroupedDivergence of(KernelImagePosterior posterior, KernelProjection projection) {
    try (Scope scope = Scope.open()) {
      ScaleLayout scales = posterior.scales();
      int count = scales.count();
      Tensor grams = projection.imageGrams(scales.sizes());
      Tensor sizes = scales.sizesOn(grams.device());
      Tensor logPrecision = posterior.logPrecision().to(DType.FLOAT64);
      Tensor logImage = posterior.logScaleImage().to(DType.FLOAT64);
      Tensor logKernel =
          posterior.logScaleKernel() != null
              ? posterior.logScaleKernel().to(DType.FLOAT64)
              : logPrecision.mul(-0.5).expand(count);
      Tensor kernelRatio = logKernel.mul(2.0).add(logPrecision);
      Tensor kernelVariance = kernelRatio.exp();
      Tensor imageVariance = logImage.mul(2.0).add(logPrecision).exp();
      Tensor ratio = logImage.sub(logKernel).exp();

      Tensor matrix = grams.mul(ratio.view(count, 1, 1)).sum(0);
      // Where V has more rows than the rank, V V^T is a projection; the identity fills the rest.
      Tensor rest = Tensor.eye(grams.size(1), DType.FLOAT64, grams.device()).sub(grams.sum(0));
      Tensor filled = matrix.add(rest);
      Tensor inverse = Objects.requireNonNull(INVERSE.callAll(filled, false).getFirst());
      Tensor logDeterminant = filled.slogdet().logabsdet();
      Tensor image = grams.diagonal(0, 1, 2).sum(1);
      Tensor kernel = sizes.sub(image);
      Tensor share = grams.mul(inverse).sum(1, 2).mul(ratio);

      Tensor mean = posterior.mean();
      Tensor precision = logPrecision.exp();
      Tensor pull = precision.mul(mean.dot(mean).to(DType.FLOAT64));
      Tensor value =
          sizes
              .mul(kernelRatio.expm1().sub(kernelRatio))
              .add(image.mul(imageVariance.sub(kernelVariance)))
              .sum()
              .sub(logDeterminant.mul(2.0))
              .add(pull)
              .mul(0.5);
      Tensor gradImage = image.mul(imageVariance).sub(share);
      Tensor gradKernel = kernel.mul(kernelVariance).sub(sizes).add(share);
      Tensor gradPrecision =
          kernel
              .mul(kernelVariance)
              .add(image.mul(imageVariance))
              .sub(sizes)
              .sum()
              .add(pull)
              .mul(0.5);
      boolean tied = scales.kernelTied();
      // Tied, all kernel variances are the prior's; what log alpha does through log sigma_ker comes
      // on top.
      Tensor gradLogPrecision = tied ? gradPrecision.sub(gradKernel.sum().mul(0.5)) : gradPrecision;
      DType dtype = posterior.mean().dtype();
      return new GroupedDivergence(
          projection,
          scope.keep(inverse),
          scope.keep(posterior.spread(imageVariance.sub(kernelVariance).mul(0.5).to(dtype))),
          scope.keep(posterior.spread(ratio.sub(1.0).to(dtype))),
          scope.keep(image),
          new KlDivergence(
              scope.keep(value),
              scope.keep(gradLogPrecision),
              scope.keep(gradImage),
              tied ? null : scope.keep(gradKernel),
              scope.keep(precision)));
    }
  }

  /**
   * The derivative of the divergence in Q, a symmetric matrix H, times vectors: dKL = tr(H dQ).
   *
   * @param vectors [S, D]
   * @return [S, D]
   */
  Tensor slope(Tensor vectors) {
    try (Scope scope = Scope.open()) {
      Tensor scaled = vectors.mul(excess);
      Tensor weights = projection.imageCoordinates(scaled).matmul(inverse);
      Tensor inside = projection.fromImageCoordinates(weights).mul(excess);
      return scope.keep(vectors.mul(half).sub(scaled).add(inside));
    }
  }
}
