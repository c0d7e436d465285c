package dev.viking.nn;

import dev.viking.torch.Tensor;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2, as PyTorch has it):
 * {@code theta *= 1 - learningRate weightDecay} before the step of {@link Adam}.
 *
 * <p>State: {@code exp_avg} (m), {@code exp_avg_sq} (v).
 */
public final class AdamW extends Optimizer {
  private final FusedAdam rule;

  /**
   * AdamW with the usual 0.9, 0.999 and 1e-8.
   *
   * @param learningRate at least 0
   * @param weightDecay at least 0
   */
  public AdamW(double learningRate, double weightDecay) {
    this(learningRate, 0.9, 0.999, 1e-8, weightDecay);
  }

  /**
   * AdamW.
   *
   * @param learningRate at least 0
   * @param beta1 decay of the mean, in [0, 1)
   * @param beta2 decay of the mean square, in [0, 1)
   * @param epsilon at least 0
   * @param weightDecay at least 0
   * @throws dev.viking.torch.ArgumentException when an option is out of range
   */
  public AdamW(
      double learningRate, double beta1, double beta2, double epsilon, double weightDecay) {
    super(learningRate, FusedAdam.COUNTER, FusedAdam.FIRST, FusedAdam.SECOND);
    this.rule = new FusedAdam("AdamW", NativeOps.FUSED_ADAMW_, beta1, beta2, epsilon, weightDecay);
  }

  @Override
  void update(Tensor parameters, Tensor gradient) {
    rule.update(this, parameters, gradient);
  }
}
