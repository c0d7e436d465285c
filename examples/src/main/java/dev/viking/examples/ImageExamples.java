package dev.viking.examples;

import dev.viking.data.Augmentation;
import dev.viking.data.ChannelNormalisation;
import dev.viking.data.LabelledImages;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;

/**
 * Labelled images as the trainer fetches them: float32 [B, C, H, W] and int64 [B].
 *
 * @param images the images
 * @param normalisation of the pixels, 0 to 1
 * @param augmentation of what an epoch of training sees
 * @param device where the tensors shall lie
 */
record ImageExamples(
    LabelledImages images,
    ChannelNormalisation normalisation,
    Augmentation augmentation,
    Device device)
    implements TrainingData {

  /** Images as they are, pixels 0 to 1. */
  static ImageExamples plain(LabelledImages images, Device device) {
    return new ImageExamples(
        images, ChannelNormalisation.none(images.channels()), Augmentation.NONE, device);
  }

  @Override
  public int size() {
    return images.count();
  }

  @Override
  public Batch select(int[] indices) {
    return new Batch(
        normalisation.apply(place(images.images(indices))), place(images.labels(indices)));
  }

  @Override
  public TrainingData inEpoch(long epoch) {
    return augmentation.equals(Augmentation.NONE) ? this : new Epoch(this, epoch);
  }

  /** The images as one epoch sees them. */
  private record Epoch(ImageExamples all, long epoch) implements TrainingData {
    @Override
    public int size() {
      return all.size();
    }

    @Override
    public Batch select(int[] indices) {
      Batch batch = all.select(indices);
      // Interpolation takes means, so it does not matter that the pixels are normalised already.
      return new Batch(all.augmentation.apply(batch.inputs(), indices, epoch), batch.targets());
    }
  }

  private Tensor place(Tensor tensor) {
    return device.equals(Device.CPU) ? tensor : tensor.to(device);
  }
}
