package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The reduced divergence against that of dense Gaussians, and where the unreduced form fails. */
@ExtendWith(LiveHandles.class)
class KlDivergenceTest {

  @ParameterizedTest
  @CsvSource({"0.3, -1.5, 3", "4, -2, 5", "-1, 0.7, 1", "2, -1, 8", "0, 0, 4"})
  void isThatOfTheDenseGaussians(double logPrecision, double logScaleImage, int rows) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5)) {
      int dimension = 8;
      Tensor mean = Tensor.randn(rng, DType.FLOAT64, dimension);
      Tensor basis = Tensor.randn(rng, DType.FLOAT64, dimension, rows).qr().q();
      Tensor identity = Tensor.eye(dimension, DType.FLOAT64, Device.CPU);
      Tensor image = basis.matmul(basis.t());
      double alpha = Math.exp(logPrecision);
      Tensor covariance =
          identity.sub(image).div(alpha).add(image.mul(Math.exp(2 * logScaleImage)));
      double dense =
          0.5
              * (alpha * covariance.trace().item()
                  + alpha * mean.square().sum().item()
                  - dimension
                  - dimension * logPrecision
                  - covariance.slogdet().logabsdet().item());

      KlDivergence kl = divergence(mean, logPrecision, logScaleImage, rows);

      assertThat(kl.value().item()).isCloseTo(dense, within(1e-10));
      double h = 1e-6;
      assertThat(kl.gradLogPrecision().item())
          .isCloseTo(
              slope(
                  divergence(mean, logPrecision + h, logScaleImage, rows),
                  divergence(mean, logPrecision - h, logScaleImage, rows),
                  h),
              within(1e-6));
      assertThat(kl.gradLogScaleImage().item())
          .isCloseTo(
              slope(
                  divergence(mean, logPrecision, logScaleImage + h, rows),
                  divergence(mean, logPrecision, logScaleImage - h, rows),
                  h),
              within(1e-6));
      assertThat(kl.precision().item()).isCloseTo(alpha, within(1e-12));
    }
  }

  @ParameterizedTest
  @CsvSource({"0.3, -1.5, -0.4, 3", "4, -2, -3, 5", "-1, 0.7, 0.5, 1", "2, -1, -1, 8"})
  void aKernelScaleOfItsOwnAddsItsBlock(
      double logPrecision, double logScaleImage, double logScaleKernel, int rows) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(6)) {
      int dimension = 8;
      Tensor mean = Tensor.randn(rng, DType.FLOAT64, dimension);
      Tensor basis = Tensor.randn(rng, DType.FLOAT64, dimension, rows).qr().q();
      Tensor image = basis.matmul(basis.t());
      Tensor kernel = Tensor.eye(dimension, DType.FLOAT64, Device.CPU).sub(image);
      Tensor root = kernel.mul(Math.exp(logScaleKernel)).add(image.mul(Math.exp(logScaleImage)));
      double[] at = {logPrecision, logScaleImage, logScaleKernel};

      KlDivergence kl = free(mean, at, rows);

      assertThat(kl.value().item()).isCloseTo(dense(mean, logPrecision, root), within(1e-9));
      double[] gradient = {
        kl.gradLogPrecision().item(),
        kl.gradLogScaleImage().item(),
        Objects.requireNonNull(kl.gradLogScaleKernel()).item()
      };
      for (int i = 0; i < 3; i++) {
        double h = 1e-6;
        double[] up = at.clone();
        double[] down = at.clone();
        up[i] += h;
        down[i] -= h;
        assertThat(gradient[i])
            .as("variable %s", i)
            .isCloseTo(slope(free(mean, up, rows), free(mean, down, rows), h), within(1e-5));
      }
    }
  }

  /** KL(N(mean, A A^T) || N(0, 1 / alpha)) without any structure. */
  static double dense(Tensor mean, double logPrecision, Tensor root) {
    double alpha = Math.exp(logPrecision);
    long dimension = mean.size(0);
    return 0.5
        * (alpha * root.square().sum().item()
            + alpha * mean.square().sum().item()
            - dimension
            - dimension * logPrecision
            - 2 * root.slogdet().logabsdet().item());
  }

  private static KlDivergence free(Tensor mean, double[] at, int imageDimension) {
    return KlDivergence.of(
        KernelImagePosterior.of(
            mean, ScaleLayout.FREE, at[0], new double[] {at[1]}, new double[] {at[2]}),
        Tensor.scalar(imageDimension, DType.FLOAT64));
  }

  @Test
  void isExactWhereDifferencesOfLargeTermsWouldNotBe() {
    try (Scope _ = Scope.open()) {
      Tensor mean = Tensor.zeros(DType.FLOAT32, 20_000);
      // sigma_im within 1e-4 of the prior's: 32 directions of 2 * 1e-8 each
      KlDivergence kl = divergence(mean, 4, -2 + 1e-4, 32);
      double expected = 0.5 * 32 * (Math.expm1(2e-4) - 2e-4);
      assertThat(kl.value().item()).isCloseTo(expected, within(1e-3 * expected));
    }
  }

  private static KlDivergence divergence(
      Tensor mean, double logPrecision, double logScaleImage, int imageDimension) {
    return KlDivergence.of(
        KernelImagePosterior.of(mean, logPrecision, logScaleImage),
        Tensor.scalar(imageDimension, DType.FLOAT64));
  }

  private static double slope(KlDivergence up, KlDivergence down, double h) {
    return (up.value().item() - down.value().item()) / (2 * h);
  }
}
