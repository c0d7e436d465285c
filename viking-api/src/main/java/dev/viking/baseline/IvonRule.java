package dev.viking.baseline;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * The update of IVON (Shen et al. 2024, algorithm 1): a Gaussian with mean m and variances 1 /
 * (lambda (h + delta)) learns from gradients g at samples m + e,
 *
 * <pre>{@code
 * h^ = mean(g e) lambda (h + delta)
 * g  = beta1 g + (1 - beta1) g^
 * h  = beta2 h + (1 - beta2) h^ + (1 - beta2)^2 (h - h^)^2 / (2 (h + delta))
 * m -= rate (h0 + delta) (g / (1 - beta1^t) + delta m) / (h + delta)
 * }</pre>
 *
 * <p>g is the gradient of the mean loss. The last term of h is the Riemannian correction that keeps
 * it positive. Owns nothing: its tensors belong to the scope in which it was made.
 */
final class IvonRule {
  private final Ivon settings;
  private final double effectiveSize;
  private final Tensor mean;
  private final Tensor hessian;
  private final Tensor momentum;
  private double decay = 1;

  /**
   * Starts at a mean.
   *
   * @param mean [D]; changed in place
   * @param effectiveSize lambda
   */
  IvonRule(Ivon settings, double effectiveSize, Tensor mean) {
    this.settings = settings;
    this.effectiveSize = effectiveSize;
    this.mean = mean;
    this.hessian = Tensor.fullLike(mean, settings.hessianStart());
    this.momentum = Tensor.zerosLike(mean);
  }

  /** The standard deviations, [D]. */
  Tensor deviations() {
    try (Scope scope = Scope.open()) {
      return scope.keep(hessian.add(settings.weightDecay()).mul_(effectiveSize).rsqrt());
    }
  }

  /** h, [D]. */
  Tensor hessian() {
    return hessian;
  }

  /**
   * One step.
   *
   * @param gradient g^, the mean over samples of the gradients, [D]
   * @param products the mean over samples of gradient times deviation from the mean, [D]
   * @param rate the learning rate
   */
  void step(Tensor gradient, Tensor products, double rate) {
    double beta1 = settings.beta1();
    double beta2 = settings.beta2();
    double delta = settings.weightDecay();
    try (Scope _ = Scope.open()) {
      momentum.mul_(beta1).addScaled_(gradient, 1 - beta1);
      decay *= beta1;
      Tensor damped = hessian.add(delta);
      Tensor apart = products.mul(damped).mul_(effectiveSize).sub(hessian);
      Tensor correction = apart.square().div_(damped).mul_(0.5 * (1 - beta2) * (1 - beta2));
      hessian.addScaled_(apart, 1 - beta2).add_(correction);
      Tensor drift = momentum.div(1 - decay).addScaled_(mean, delta);
      mean.addcdiv_(drift, hessian.add(delta), -rate * (settings.hessianStart() + delta));
    }
  }
}
