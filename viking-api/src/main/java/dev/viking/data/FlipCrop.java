package dev.viking.data;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;

/**
 * Mirrors images left to right with probability 1/2, and cuts out a random part that is stretched
 * to the full size again with bilinear interpolation: torchvision's {@code RandomHorizontalFlip}
 * and {@code RandomResizedCrop} on tensors, for images of any size. Pixels are not rounded to
 * integers again, which torchvision's version for picture files does. Immutable.
 *
 * @param smallestArea of the part, as a fraction of the image's
 * @param largestArea of the part, as a fraction of the image's, at most 1
 * @param smallestRatio of the part's width to its height
 * @param largestRatio of the part's width to its height
 */
public record FlipCrop(
    double smallestArea, double largestArea, double smallestRatio, double largestRatio)
    implements Augmentation {
  private static final int TRIES = 10;

  /**
   * Checks the numbers.
   *
   * @throws ArgumentException when a bound is not above 0, an area is above 1, or a lower bound
   *     above its upper bound
   */
  public FlipCrop {
    boolean right = smallestArea > 0 && smallestArea <= largestArea && largestArea <= 1;
    right &= smallestRatio > 0 && smallestRatio <= largestRatio && largestRatio < 1e3;
    if (!right) {
      throw new ArgumentException(
          "FlipCrop: given areas from %s to %s and ratios from %s to %s; 0 < smallest <= largest <= 1 is needed for areas, 0 < smallest <= largest for ratios"
              .formatted(smallestArea, largestArea, smallestRatio, largestRatio));
    }
  }

  /**
   * As the VIKING paper's experiments augment CIFAR-10 and SVHN: areas 0.8 to 1, ratios 0.9 to 1.1.
   *
   * @return the augmentation
   */
  public static FlipCrop paper() {
    return new FlipCrop(0.8, 1, 0.9, 1.1);
  }

  /** What an image of a set becomes in an epoch. */
  ImagePart part(int number, long epoch, int height, int width) {
    SplitMix64 random = new SplitMix64(epoch, number);
    boolean flipped = random.nextInt(2) == 1;
    for (int i = 0; i < TRIES; i++) {
      double area = height * (double) width * random.uniform(smallestArea, largestArea);
      double ratio =
          StrictMath.exp(
              random.uniform(StrictMath.log(smallestRatio), StrictMath.log(largestRatio)));
      int columns = (int) Math.rint(Math.sqrt(area * ratio));
      int rows = (int) Math.rint(Math.sqrt(area / ratio));
      if (columns > 0 && columns <= width && rows > 0 && rows <= height) {
        int top = random.nextInt(height - rows + 1);
        int left = random.nextInt(width - columns + 1);
        return new ImagePart(flipped, top, left, rows, columns);
      }
    }
    return new ImagePart(flipped, 0, 0, height, width);
  }

  /**
   * {@inheritDoc}
   *
   * @throws ShapeException when the images are no [B, C, H, W] or the numbers are not B
   */
  @Override
  public Tensor apply(Tensor images, int[] numbers, long epoch) {
    return ImagePart.cut("FlipCrop.apply", images, numbers, epoch, this::part);
  }
}
