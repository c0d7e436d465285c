package dev.viking.nn;

import dev.viking.torch.Tensor;

/**
 * Adam (Kingma and Ba 2015, algorithm 1): {@code m = beta1 m + (1 - beta1) g}, {@code v = beta2 v +
 * (1 - beta2) g^2}, {@code theta -= learningRate m' / (sqrt(v') + epsilon)} with {@code m' = m / (1
 * - beta1^t)}, {@code v' = v / (1 - beta2^t)}.
 *
 * <p>State: {@code exp_avg} (m), {@code exp_avg_sq} (v).
 */
public final class Adam extends Optimizer {
  private final FusedAdam rule;

  /**
   * Adam with the usual 0.9, 0.999 and 1e-8.
   *
   * @param learningRate at least 0
   */
  public Adam(double learningRate) {
    this(learningRate, 0.9, 0.999, 1e-8);
  }

  /**
   * Adam.
   *
   * @param learningRate at least 0
   * @param beta1 decay of the mean, in [0, 1)
   * @param beta2 decay of the mean square, in [0, 1)
   * @param epsilon at least 0
   * @throws dev.viking.torch.ArgumentException when an option is out of range
   */
  public Adam(double learningRate, double beta1, double beta2, double epsilon) {
    super(learningRate, FusedAdam.COUNTER, FusedAdam.FIRST, FusedAdam.SECOND);
    this.rule = new FusedAdam("Adam", NativeOps.FUSED_ADAM_, beta1, beta2, epsilon, 0);
  }

  @Override
  void update(Tensor parameters, Tensor gradient) {
    rule.update(this, parameters, gradient);
  }
}
