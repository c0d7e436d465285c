package dev.viking.benchmarks;

import dev.viking.posterior.TrainingData;
import dev.viking.torch.Tensor;

/**
 * N images of noise with labels, whose first B are those of {@link Problem}.
 *
 * @param images [N, ...], float32
 * @param labels [N], int64
 */
record DataSet(Tensor images, Tensor labels) implements AutoCloseable {
  static DataSet of(Setting setting) {
    int count = setting.images();
    return new DataSet(
        Problem.images(Models.of(setting.model()), count),
        Tensor.of(Inputs.labels(count, Problem.CLASSES)));
  }

  TrainingData asTrainingData() {
    return TrainingData.of(images, labels);
  }

  @Override
  public void close() {
    images.close();
    labels.close();
  }
}
