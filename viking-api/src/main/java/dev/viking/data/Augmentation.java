package dev.viking.data;

import dev.viking.torch.Tensor;

/**
 * Random changes of training images that leave their class as it is. What is random depends on an
 * epoch's key and an image's number alone, so a run that is resumed sees what the uninterrupted one
 * saw, and an image is the same in a minibatch and in a larger set of rows around it.
 * Implementations are immutable values, for any number of threads.
 */
public interface Augmentation {
  /** Leaves all images as they are. */
  Augmentation NONE = (images, numbers, epoch) -> images;

  /**
   * Changes some images.
   *
   * @param images [B, C, H, W], floating, on any device; borrowed
   * @param numbers of the images in their set, B of them
   * @param epoch stands for one epoch of one run
   * @return a tensor of the same shape, type and device in the current scope, or the images
   *     themselves when nothing is changed
   */
  Tensor apply(Tensor images, int[] numbers, long epoch);
}
