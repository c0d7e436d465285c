package dev.viking.examples;

import dev.viking.data.LabelledImages;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;

/**
 * How an imported network takes images.
 *
 * @param shape sizes of one image
 * @param mean taken from the pixels, which are from 0 to 1
 * @param std what they are divided by after that
 * @param device where the tensors shall lie
 */
@SuppressWarnings("ArrayRecordComponent") // private to this package, never changed
record ModuleImages(long[] shape, double mean, double std, Device device) {

  /** Labelled images in the network's form: float32 [B, shape...] and int64 [B]. */
  TrainingData of(LabelledImages images) {
    ImageExamples plain = ImageExamples.plain(images, device);
    long[] sizes = new long[shape.length + 1];
    System.arraycopy(shape, 0, sizes, 1, shape.length);
    return new TrainingData() {
      @Override
      public int size() {
        return plain.size();
      }

      @Override
      public Batch select(int[] indices) {
        Batch batch = plain.select(indices);
        long[] whole = sizes.clone();
        whole[0] = indices.length;
        Tensor inputs = batch.inputs().sub(mean).div(std).reshape(whole);
        return new Batch(inputs, batch.targets());
      }
    };
  }
}
