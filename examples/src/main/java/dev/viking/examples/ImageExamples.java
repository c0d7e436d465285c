package dev.viking.examples;

import dev.viking.data.LabelledImages;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;

/**
 * Labelled images as the trainer fetches them: float32 [B, C, H, W] and int64 [B].
 *
 * @param images the images
 * @param device where the tensors shall lie
 */
record ImageExamples(LabelledImages images, Device device) implements TrainingData {
  @Override
  public int size() {
    return images.count();
  }

  @Override
  public Batch select(int[] indices) {
    return new Batch(place(images.images(indices)), place(images.labels(indices)));
  }

  private Tensor place(Tensor tensor) {
    return device.equals(Device.CPU) ? tensor : tensor.to(device);
  }
}
