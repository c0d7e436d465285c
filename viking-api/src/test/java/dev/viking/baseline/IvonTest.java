package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.posterior.LearningRateSchedule;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The rule against its formulas in plain numbers, and where it comes to rest. */
@ExtendWith(LiveHandles.class)
class IvonTest {

  private static Ivon settings(double hessianStart, double beta1, double beta2, double decay) {
    return new Ivon(
        "IVON", 1, 1, 0.1, LearningRateSchedule.CONSTANT, 1, 0, hessianStart, beta1, beta2, decay);
  }

  @Test
  void stepsAreThoseOfTheAlgorithm() {
    double lambda = 50;
    double h0 = 0.7;
    double beta1 = 0.8;
    double beta2 = 0.95;
    double delta = 0.03;
    double[] m = {0.5, -1, 2};
    double[] h = {h0, h0, h0};
    double[] g = new double[3];
    Random random = new Random(4);
    try (Scope _ = Scope.open()) {
      Tensor mean = Tensor.of(m.clone());
      IvonRule rule = new IvonRule(settings(h0, beta1, beta2, delta), lambda, mean);
      for (int t = 1; t <= 6; t++) {
        double rate = 0.1 / t;
        double[] gradient = random.doubles(3, -2, 2).toArray();
        double[] moved = random.doubles(3, -1, 1).toArray();
        for (int i = 0; i < 3; i++) {
          double sigma2 = 1 / (lambda * (h[i] + delta));
          assertThat(rule.deviations().select(0, i).item())
              .isCloseTo(Math.sqrt(sigma2), within(1e-12));
          double estimate = gradient[i] * moved[i] / sigma2;
          g[i] = beta1 * g[i] + (1 - beta1) * gradient[i];
          h[i] =
              beta2 * h[i]
                  + (1 - beta2) * estimate
                  + 0.5 * Math.pow(1 - beta2, 2) * Math.pow(h[i] - estimate, 2) / (h[i] + delta);
          double debiased = g[i] / (1 - Math.pow(beta1, t));
          m[i] -= rate * (h0 + delta) * (debiased + delta * m[i]) / (h[i] + delta);
        }
        Tensor product = Tensor.of(gradient).mul(Tensor.of(moved));
        rule.step(Tensor.of(gradient), product, rate);
        assertThat(mean.toDoubleArray()).as("step %s", t).containsExactly(m, within(1e-9));
        assertThat(rule.hessian().toDoubleArray()).containsExactly(h, within(1e-9));
      }
    }
  }

  /**
   * On 1/2 sum a (theta - c)^2: h = a, m = a c / (a + delta), variance 1 / (lambda (a + delta)).
   */
  @Test
  void comesToRestAtTheGaussianOfAQuadratic() {
    double lambda = 200;
    double delta = 0.1;
    double[] a = {0.5, 1, 3};
    double[] c = {1, -2, 0.5};
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(3)) {
      Tensor curvature = Tensor.of(a);
      Tensor center = Tensor.of(c);
      Tensor mean = Tensor.zeros(DType.FLOAT64, 3);
      IvonRule rule = new IvonRule(settings(1, 0.9, 0.999, delta), lambda, mean);
      Tensor averageMean = Tensor.zeros(DType.FLOAT64, 3);
      Tensor averageHessian = Tensor.zeros(DType.FLOAT64, 3);
      int steps = 12_000;
      int counted = 4_000;
      for (int t = 0; t < steps; t++) {
        try (Scope _ = Scope.open()) {
          Tensor moved = Tensor.randn(rng, DType.FLOAT64, 3).mul(rule.deviations());
          Tensor gradient = mean.add(moved).sub(center).mul(curvature);
          rule.step(gradient, gradient.mul(moved), 0.01);
          if (t >= steps - counted) {
            averageMean.addScaled_(mean, 1.0 / counted);
            averageHessian.addScaled_(rule.hessian(), 1.0 / counted);
          }
        }
      }
      for (int i = 0; i < 3; i++) {
        assertThat(averageMean.toDoubleArray()[i])
            .isCloseTo(a[i] * c[i] / (a[i] + delta), within(0.02));
        assertThat(averageHessian.toDoubleArray()[i]).isCloseTo(a[i], within(0.15 * a[i] + 0.05));
        double variance = Math.pow(rule.deviations().toDoubleArray()[i], 2);
        assertThat(variance * lambda * (a[i] + delta)).isBetween(0.7, 1.4);
      }
    }
  }

  /** However badly an estimate misses, the Riemannian term keeps h + delta positive. */
  @Test
  void theHessianStaysPositive() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(8)) {
      Tensor mean = Tensor.zeros(DType.FLOAT32, 100);
      IvonRule rule = new IvonRule(settings(0.1, 0.9, 0.5, 1e-4), 1000, mean);
      for (int t = 0; t < 200; t++) {
        Tensor moved = Tensor.randn(rng, DType.FLOAT32, 100).mul(rule.deviations());
        rule.step(moved.neg(), moved.square().mul(-1000), 1e-3);
        assertThat(rule.hessian().add(1e-4).min().item()).isPositive();
      }
    }
  }

  @Test
  void theGaussianIsThatOfTheRuleAndIsSampledFrom() {
    try (Scope _ = Scope.open()) {
      DiagonalGaussian fitted = Ivon.of(5, 8, 0.1).fit(Blobs.context(2));
      ParameterDraw draw =
          (ParameterDraw)
              fitted.draw(DrawRequest.of(Blobs.LOSS, Blobs.data(DType.FLOAT32), 4000, 1));
      Tensor standard = draw.parameters().sub(fitted.mean()).div(fitted.deviations());
      assertThat(standard.mean(0).abs().max().item()).isLessThan(0.08);
      assertThat(standard.square().mean(0).sub(1.0).abs().max().item()).isLessThan(0.15);
      // h starts at 0.1 and moves little: 1 / sqrt(48 (0.1 + 1e-4)).
      assertThat(fitted.diagnostics().get("deviation_rms")).isCloseTo(0.456, within(0.02));
    }
  }

  @Test
  void badSettingsAreRefused() {
    assertThatThrownBy(() -> settings(0, 0.9, 0.9, 0))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("hessianStart is 0.0");
    assertThatThrownBy(() -> settings(1, 1, 0.9, 0))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("beta1 is 1.0");
    assertThat(Arrays.asList("epochs", "beta2", "schedule"))
        .allMatch(Ivon.paper().hyperparameters()::containsKey);
  }
}
