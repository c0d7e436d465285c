package dev.viking.posterior;

import dev.viking.internal.Arguments;
import dev.viking.torch.DType;
import dev.viking.torch.DeviceException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;

/**
 * Examples that can be fetched by number, as the trainers and alternating projections need them.
 *
 * <p>Implementations must give the same example for the same number every time, and are called by
 * one thread at a time.
 */
public interface TrainingData {

  /**
   * Some examples.
   *
   * @param inputs [B, ...], of the parameters' type and on their device
   * @param targets [B] or [B, C], as the loss wants them
   */
  record Batch(Tensor inputs, Tensor targets) {}

  /**
   * How many examples there are.
   *
   * @return N
   */
  int size();

  /**
   * Fetches examples.
   *
   * @param indices their numbers, each from 0 to N - 1
   * @return them in this order; the tensors belong to the current scope
   */
  Batch select(int[] indices);

  /**
   * The examples as one epoch of training sees them: where they are augmented, each changed at
   * random in a way that depends on its number and the epoch alone. Trainers take minibatches, rows
   * and the projections of their epochs from here; what comes after training takes the examples
   * themselves.
   *
   * @param epoch stands for one epoch of one run, such as {@link EpochOrder#key}
   * @return data of the same size; these themselves unless an implementation augments
   */
  default TrainingData inEpoch(long epoch) {
    return this;
  }

  /**
   * Examples held in two tensors.
   *
   * @param inputs [N, ...]; borrowed
   * @param targets [N] or [N, C], on the same device; borrowed
   * @return the data
   * @throws ShapeException when the numbers of examples differ, or there are none
   * @throws DeviceException when the devices differ
   */
  static TrainingData of(Tensor inputs, Tensor targets) {
    if (inputs.dim() == 0
        || targets.dim() == 0
        || inputs.size(0) != targets.size(0)
        || inputs.size(0) == 0) {
      throw new ShapeException(
          "TrainingData.of: inputs have shape "
              + Arrays.toString(inputs.shape())
              + " and targets "
              + Arrays.toString(targets.shape())
              + "; the same first size, at least 1, is needed");
    }
    if (!inputs.device().equals(targets.device())) {
      throw new DeviceException(
          "TrainingData.of: inputs are on "
              + inputs.device()
              + " and targets on "
              + targets.device()
              + "; one device is needed");
    }
    return new TensorData(inputs, targets);
  }

  /**
   * Some of the examples, drawn without replacement. Nothing is copied.
   *
   * @param data all of them
   * @param count how many, 1 to all
   * @param seed which
   * @return a view
   * @throws dev.viking.torch.ArgumentException when there are not so many
   */
  static TrainingData sample(TrainingData data, int count, long seed) {
    Arguments.within("TrainingData.sample", "count", count, 1, data.size());
    int[] picked = new EpochOrder(seed, Stage.ELBO, 0, data.size(), count).batch(0);
    return new SampledData(data, picked);
  }

  /**
   * Examples held in two tensors.
   *
   * @param inputs [N, ...]
   * @param targets [N] or [N, C]
   */
  record TensorData(Tensor inputs, Tensor targets) implements TrainingData {
    @Override
    public int size() {
      return Math.toIntExact(inputs.size(0));
    }

    @Override
    public Batch select(int[] indices) {
      Tensor index = Tensor.of(indices, indices.length).to(DType.INT64).to(inputs.device());
      return new Batch(inputs.indexSelect(0, index), targets.indexSelect(0, index));
    }
  }
}
