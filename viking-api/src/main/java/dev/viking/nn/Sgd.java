package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Stochastic gradient descent as PyTorch has it: {@code g += weightDecay theta}; with momentum
 * {@code b = momentum b + g} (b = g in the first step) and {@code g = b}, or {@code g += momentum
 * b} with Nesterov's; {@code theta -= learningRate g}.
 *
 * <p>State: {@code momentum_buffer} (b), with momentum only.
 */
public final class Sgd extends Optimizer {
  private static final String BUFFER = "momentum_buffer";

  private final double momentum;
  private final boolean nesterov;
  private final double weightDecay;

  /**
   * Plain gradient descent.
   *
   * @param learningRate at least 0
   */
  public Sgd(double learningRate) {
    this(learningRate, 0, false, 0);
  }

  /**
   * Gradient descent with momentum and weight decay.
   *
   * @param learningRate at least 0
   * @param momentum at least 0; 0 for none
   * @param nesterov whether the step looks ahead; needs momentum
   * @param weightDecay at least 0
   * @throws dev.viking.torch.ArgumentException when an option is out of range
   */
  public Sgd(double learningRate, double momentum, boolean nesterov, double weightDecay) {
    super(learningRate, momentum == 0 ? new String[] {} : new String[] {BUFFER});
    Checks.range("Sgd", "momentum", momentum, nesterov ? Double.MIN_VALUE : 0, Double.MAX_VALUE);
    Checks.range("Sgd", "weightDecay", weightDecay, 0, Double.POSITIVE_INFINITY);
    this.momentum = momentum;
    this.nesterov = nesterov;
    this.weightDecay = weightDecay;
  }

  @Override
  void update(Tensor parameters, Tensor gradient) {
    List<Tensor> buffers = momentum == 0 ? List.of() : List.of(buffer(BUFFER));
    NativeOps.FUSED_SGD_.callAll(
        List.of(parameters),
        List.of(gradient),
        buffers,
        weightDecay,
        momentum,
        learningRate(),
        0.0,
        nesterov,
        false,
        steps() == 1);
  }
}
