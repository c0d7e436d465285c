package dev.viking.nn;

import dev.viking.torch.DType;
import dev.viking.torch.IndexException;
import dev.viking.torch.Tensor;
import dev.viking.torch.Transforms;
import java.util.Arrays;

/** See {@link Losses#softmaxCrossEntropy()}. */
enum SoftmaxCrossEntropy implements Loss {
  INSTANCE;

  private static final String NAME = "softmaxCrossEntropy";

  @Override
  public Tensor perExample(Tensor outputs, Tensor targets) {
    checkTargets(outputs, targets);
    // logsumexp - gather: its forward and reverse rules compose in every order, those of the fused
    // loss do not.
    return outputs.logsumexp(1, false).sub(outputs.gather(1, targets.unsqueeze(1)).squeeze(1));
  }

  @Override
  public void checkTargets(Tensor outputs, Tensor targets) {
    Checks.shape(NAME, "outputs", outputs, -1, -1);
    Checks.dtype(NAME, "targets", targets, DType.INT64);
    Checks.shape(NAME, "targets", targets, outputs.size(0));
    // Inside a transform values cannot be read; Linearisation looks at them outside.
    if (Transforms.depth() == 0) {
      checkLabels(targets, outputs.size(1));
    }
  }

  @Override
  public Derivative derivative(Tensor outputs, Tensor targets) {
    Tensor labels = targets.unsqueeze(1);
    Tensor logProbabilities = outputs.logSoftmax(1);
    Tensor losses = logProbabilities.gather(1, labels).squeeze(1).neg();
    return new Derivative(
        losses,
        NativeOps.SCATTER_REDUCE_VALUE.call(logProbabilities.exp(), 1, labels, -1.0, "add"));
  }

  @Override
  public Tensor hessianProduct(Tensor outputs, Tensor targets, Tensor vectors) {
    Tensor weighted = outputs.softmax(1);
    Tensor product = weighted.mul(vectors);
    return product.addcmul_(weighted, product.sum(1, true), -1);
  }

  // On another device than the CPU this waits for it once for each batch; a label out of range
  // there would
  // otherwise end in an assertion of the device that no later call survives.
  private static void checkLabels(Tensor targets, long classes) {
    for (long label : targets.toLongArray()) {
      if (label < 0 || label >= classes) {
        throw new IndexException(
            NAME
                + ": label "
                + label
                + " in targets of shape "
                + Arrays.toString(targets.shape())
                + ", labels in [0, "
                + classes
                + ") needed");
      }
    }
  }
}
