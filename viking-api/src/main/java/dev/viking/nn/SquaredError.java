package dev.viking.nn;

import dev.viking.torch.Tensor;

/**
 * {@code precision / 2 * sum((outputs - targets)^2) + C * offset}; see {@link
 * Losses#halfSquaredError()} and {@link Losses#gaussian}.
 */
record SquaredError(double precision, double offset) implements Loss {
  private static final String NAME = "squaredError";

  @Override
  public Tensor perExample(Tensor outputs, Tensor targets) {
    checkTargets(outputs, targets);
    Tensor losses = difference(outputs, targets).square().sum(1).mul(0.5 * precision);
    return offset == 0 ? losses : losses.add(offset * outputs.size(1));
  }

  @Override
  public void checkTargets(Tensor outputs, Tensor targets) {
    Checks.shape(NAME, "outputs", outputs, -1, -1);
    Checks.like(NAME, "targets", targets, "outputs", outputs);
    if (targets.dim() == 1 && outputs.size(1) == 1) {
      Checks.shape(NAME, "targets", targets, outputs.size(0));
    } else {
      Checks.shape(NAME, "targets", targets, outputs.size(0), outputs.size(1));
    }
  }

  @Override
  public Derivative derivative(Tensor outputs, Tensor targets) {
    Tensor gradient = difference(outputs, targets);
    return new Derivative(
        perExample(outputs, targets), precision == 1 ? gradient : gradient.mul(precision));
  }

  @Override
  public Tensor hessianProduct(Tensor outputs, Tensor targets, Tensor vectors) {
    return vectors.mul(precision);
  }

  private static Tensor difference(Tensor outputs, Tensor targets) {
    return outputs.sub(targets.dim() == 1 ? targets.unsqueeze(1) : targets);
  }
}
