package dev.viking.nn;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * Rectified Adam (Liu et al. 2020, algorithm 2, as PyTorch has it): the averages of {@link Adam};
 * while the variance of the adaptive rate is not tractable (the first five steps with the usual
 * options) a step of momentum, afterwards one of Adam times the rectification term.
 *
 * <p>State: {@code exp_avg} (m), {@code exp_avg_sq} (v).
 */
public final class RAdam extends Optimizer {
  private static final double TRACTABLE = 5;

  private final double beta1;
  private final double beta2;
  private final double epsilon;

  /**
   * RAdam with the usual 0.9, 0.999 and 1e-8.
   *
   * @param learningRate at least 0
   */
  public RAdam(double learningRate) {
    this(learningRate, 0.9, 0.999, 1e-8);
  }

  /**
   * RAdam.
   *
   * @param learningRate at least 0
   * @param beta1 decay of the mean, in [0, 1)
   * @param beta2 decay of the mean square, in [0, 1)
   * @param epsilon at least 0
   * @throws dev.viking.torch.ArgumentException when an option is out of range
   */
  public RAdam(double learningRate, double beta1, double beta2, double epsilon) {
    super(learningRate, FusedAdam.FIRST, FusedAdam.SECOND);
    FusedAdam.checkOptions("RAdam", beta1, beta2, epsilon, 0);
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }

  @Override
  void update(Tensor parameters, Tensor gradient) {
    Tensor first = buffer(FusedAdam.FIRST).lerp_(gradient, 1 - beta1);
    Tensor second = buffer(FusedAdam.SECOND).mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
    double time = (double) steps();
    double power = Math.pow(beta2, time);
    double correction2 = 1 - power;
    double factor = learningRate() / (1 - Math.pow(beta1, time));
    double longest = 2 / (1 - beta2) - 1;
    double length = longest - 2 * time * power / correction2;
    if (length <= TRACTABLE) {
      parameters.addScaled_(first, -factor);
      return;
    }
    double rectification =
        Math.sqrt(
            ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
    try (Scope _ = Scope.open()) {
      Tensor denominator = second.sqrt().add_(epsilon);
      parameters.addcdiv_(first, denominator, -factor * Math.sqrt(correction2) * rectification);
    }
  }
}
