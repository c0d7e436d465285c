package dev.viking.nn;

import dev.viking.torch.Tensor;

/** See {@link Losses#sigmoidBinaryCrossEntropy()}. */
enum SigmoidBinaryCrossEntropy implements Loss {
  INSTANCE;

  private static final String NAME = "sigmoidBinaryCrossEntropy";

  @Override
  public Tensor perExample(Tensor outputs, Tensor targets) {
    checkTargets(outputs, targets);
    Tensor logits = outputs.squeeze(1);
    // softplus(z) as -logsigmoid(-z): no threshold above which it turns into the identity.
    return logits.neg().logSigmoid().neg().sub(logits.mul(flat(targets)));
  }

  @Override
  public void checkTargets(Tensor outputs, Tensor targets) {
    Checks.shape(NAME, "outputs", outputs, -1, 1);
    Checks.like(NAME, "targets", targets, "outputs", outputs);
    if (targets.dim() == 1) {
      Checks.shape(NAME, "targets", targets, outputs.size(0));
    } else {
      Checks.shape(NAME, "targets", targets, outputs.size(0), 1);
    }
  }

  @Override
  public Derivative derivative(Tensor outputs, Tensor targets) {
    return new Derivative(perExample(outputs, targets), outputs.sigmoid().sub(targets.view(-1, 1)));
  }

  @Override
  public Tensor hessianProduct(Tensor outputs, Tensor targets, Tensor vectors) {
    return NativeOps.SIGMOID_BACKWARD.call(vectors, outputs.sigmoid());
  }

  private static Tensor flat(Tensor targets) {
    return targets.dim() == 1 ? targets : targets.squeeze(1);
  }
}
