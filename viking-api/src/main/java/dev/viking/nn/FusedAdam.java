package dev.viking.nn;

import dev.viking.torch.Op;
import dev.viking.torch.Tensor;
import java.util.List;

/** The update of Adam and AdamW: one native call for everything. */
final class FusedAdam {
  static final String COUNTER = "counter";
  static final String FIRST = "exp_avg";
  static final String SECOND = "exp_avg_sq";

  private final Op kernel;
  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double weightDecay;

  FusedAdam(
      String name, Op kernel, double beta1, double beta2, double epsilon, double weightDecay) {
    checkOptions(name, beta1, beta2, epsilon, weightDecay);
    this.kernel = kernel;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.weightDecay = weightDecay;
  }

  static void checkOptions(
      String name, double beta1, double beta2, double epsilon, double weightDecay) {
    Checks.range(name, "beta1", beta1, 0, 1);
    Checks.range(name, "beta2", beta2, 0, 1);
    Checks.range(name, "epsilon", epsilon, 0, Double.POSITIVE_INFINITY);
    Checks.range(name, "weightDecay", weightDecay, 0, Double.POSITIVE_INFINITY);
  }

  void update(Optimizer optimizer, Tensor parameters, Tensor gradient) {
    Tensor counter = optimizer.buffer(COUNTER).fill_((double) optimizer.steps());
    kernel.callAll(
        List.of(parameters),
        List.of(gradient),
        List.of(optimizer.buffer(FIRST)),
        List.of(optimizer.buffer(SECOND)),
        List.of(),
        List.of(counter),
        optimizer.learningRate(),
        beta1,
        beta2,
        weightDecay,
        epsilon,
        false,
        false);
  }
}
