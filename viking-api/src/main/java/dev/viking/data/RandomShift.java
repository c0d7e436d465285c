package dev.viking.data;

import dev.viking.internal.Arguments;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;

/**
 * Moves images by whole pixels, up to as many in each direction, and fills with zeros:
 * torchvision's {@code RandomCrop(size, padding)}, and {@code RandomHorizontalFlip} before it where
 * images may be mirrored. Immutable.
 *
 * @param pixels largest distance in each direction
 * @param mirrored whether images are mirrored left to right with probability 1/2
 */
public record RandomShift(int pixels, boolean mirrored) implements Augmentation {

  /**
   * Checks the distance.
   *
   * @throws ArgumentException when it is below 1
   */
  public RandomShift {
    Arguments.atLeast("RandomShift", "pixels", pixels, 1);
  }

  /** What an image of a set becomes in an epoch. */
  ImagePart part(int number, long epoch, int height, int width) {
    SplitMix64 random = new SplitMix64(epoch, number);
    boolean flipped = mirrored && random.nextInt(2) == 1;
    int top = random.nextInt(2 * pixels + 1) - pixels;
    int left = random.nextInt(2 * pixels + 1) - pixels;
    return new ImagePart(flipped, top, left, height, width);
  }

  /**
   * {@inheritDoc}
   *
   * @throws ShapeException when the images are no [B, C, H, W] or the numbers are not B
   */
  @Override
  public Tensor apply(Tensor images, int[] numbers, long epoch) {
    return ImagePart.cut("RandomShift.apply", images, numbers, epoch, this::part);
  }
}
