package dev.viking.data;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;

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

  /**
   * What happens to one image.
   *
   * @param flipped whether it is mirrored
   * @param top first row of the part
   * @param left first column of the part
   * @param rows of the part
   * @param columns of the part
   */
  record Part(boolean flipped, int top, int left, int rows, int columns) {}

  /** What happens to an image of a set in an epoch. */
  Part part(int number, long epoch, int height, int width) {
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
        return new Part(flipped, top, left, rows, columns);
      }
    }
    return new Part(flipped, 0, 0, height, width);
  }

  /**
   * {@inheritDoc}
   *
   * @throws ShapeException when the images are no [B, C, H, W] or the numbers are not B
   */
  @Override
  public Tensor apply(Tensor images, int[] numbers, long epoch) {
    if (images.dim() != 4 || images.size(0) != numbers.length) {
      throw new ShapeException(
          "FlipCrop.apply: images have shape "
              + Arrays.toString(images.shape())
              + "; ["
              + numbers.length
              + ", C, H, W] is needed for as many numbers");
    }
    int height = Math.toIntExact(images.size(2));
    int width = Math.toIntExact(images.size(3));
    float[] down = new float[Math.multiplyExact(numbers.length, height * height)];
    float[] across = new float[Math.multiplyExact(numbers.length, width * width)];
    for (int i = 0; i < numbers.length; i++) {
      Part part = part(numbers[i], epoch, height, width);
      interpolate(down, i * height * height, height, part.top(), part.rows(), false);
      interpolate(across, i * width * width, width, part.left(), part.columns(), part.flipped());
    }
    // Interpolation in two directions is a product from each side, so a whole minibatch is two
    // batched products, on whatever device it lies.
    Tensor rows = weights(down, numbers.length, height, images);
    Tensor columns = weights(across, numbers.length, width, images);
    return rows.matmul(images).matmul(columns.transpose(2, 3));
  }

  private static Tensor weights(float[] values, int count, int size, Tensor like) {
    return Tensor.of(values, count, 1, size, size).to(like.dtype()).to(like.device());
  }

  /** Writes the matrix [size, size] that stretches a part of a line to the whole line. */
  private static void interpolate(
      float[] target, int offset, int size, int start, int length, boolean flipped) {
    for (int i = 0; i < size; i++) {
      // Centres of pixels are at halves; beyond the part's outermost centres its edge goes on.
      double place = Math.clamp((i + 0.5) * length / size - 0.5, 0.0, length - 1.0);
      int before = (int) place;
      int after = Math.min(before + 1, length - 1);
      int row = offset + (flipped ? size - 1 - i : i) * size + start;
      target[row + before] += (float) (1 - (place - before));
      target[row + after] += (float) (place - before);
    }
  }
}
