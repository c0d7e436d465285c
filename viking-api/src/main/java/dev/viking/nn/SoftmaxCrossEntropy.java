package dev.viking.nn;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.IndexException;
import dev.viking.torch.Tensor;
import dev.viking.torch.Transforms;
import java.util.Arrays;

/**
 * See {@link Losses#softmaxCrossEntropy()}.
 *
 * <p>A label out of range that reached a gather on another device would end in an assertion there,
 * which no later call survives; and to look at labels there, the host would have to wait in every
 * step. So labels are clamped, and what belongs to one out of range becomes NaN.
 *
 * @param looks whether labels on the CPU are looked at instead; false in tests
 */
record SoftmaxCrossEntropy(boolean looks) implements Loss {
  private static final String NAME = "softmaxCrossEntropy";

  @Override
  public Tensor perExample(Tensor outputs, Tensor targets) {
    checkTargets(outputs, targets);
    // logsumexp - gather: its forward and reverse rules compose in every order, those of the fused
    // loss do not.
    Tensor labels = inRange(targets, outputs.size(1));
    Tensor losses =
        outputs.logsumexp(1, false).sub(outputs.gather(1, labels.unsqueeze(1)).squeeze(1));
    return labels == targets ? losses : losses.maskedFill(targets.ne(labels), Double.NaN);
  }

  @Override
  public void checkTargets(Tensor outputs, Tensor targets) {
    Checks.shape(NAME, "outputs", outputs, -1, -1);
    Checks.dtype(NAME, "targets", targets, DType.INT64);
    Checks.shape(NAME, "targets", targets, outputs.size(0));
    // Inside a transform values cannot be read; Linearisation looks at them outside.
    if (looksAt(targets) && Transforms.depth() == 0) {
      checkValues(outputs, targets);
    }
  }

  @Override
  public void checkValues(Tensor outputs, Tensor targets) {
    long classes = outputs.size(1);
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

  @Override
  public Derivative derivative(Tensor outputs, Tensor targets) {
    Tensor labels = inRange(targets, outputs.size(1));
    Tensor index = labels.unsqueeze(1);
    Tensor logProbabilities = outputs.logSoftmax(1);
    Tensor losses = logProbabilities.gather(1, index).squeeze(1).neg();
    Tensor gradient =
        NativeOps.SCATTER_REDUCE_VALUE.call(logProbabilities.exp(), 1, index, -1.0, "add");
    if (labels == targets) {
      return new Derivative(losses, gradient);
    }
    Tensor wrong = targets.ne(labels);
    return new Derivative(
        losses.maskedFill(wrong, Double.NaN), gradient.maskedFill(wrong.unsqueeze(1), Double.NaN));
  }

  @Override
  public Tensor hessianProduct(Tensor outputs, Tensor targets, Tensor vectors) {
    Tensor weighted = outputs.softmax(1);
    Tensor product = weighted.mul(vectors);
    return product.addcmul_(weighted, product.sum(1, true), -1);
  }

  private boolean looksAt(Tensor targets) {
    return looks && targets.device().type() == Device.Type.CPU;
  }

  private Tensor inRange(Tensor targets, long classes) {
    return looksAt(targets) ? targets : NativeOps.CLAMP.call(targets, 0, classes - 1);
  }
}
