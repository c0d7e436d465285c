package dev.viking.data;

import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;

/**
 * A part of an image that is stretched to the image's size. It may reach beyond the image, where
 * there is nothing but zeros.
 *
 * @param flipped whether it is mirrored left to right
 * @param top first row of the part
 * @param left first column of the part
 * @param rows of the part
 * @param columns of the part
 */
record ImagePart(boolean flipped, int top, int left, int rows, int columns) {

  /** Which part of an image, by its number, in an epoch. */
  @FunctionalInterface
  interface Choice {
    ImagePart of(int number, long epoch, int height, int width);
  }

  /**
   * Replaces images by parts of them, as {@link Augmentation#apply} does.
   *
   * @param where names the caller in messages
   * @param part which one
   * @throws ShapeException when the images are no [B, C, H, W] or the numbers are not B
   */
  static Tensor cut(String where, Tensor images, int[] numbers, long epoch, Choice part) {
    int count = numbers.length;
    if (images.dim() != 4 || images.size(0) != count) {
      throw new ShapeException(
          where
              + ": images have shape "
              + Arrays.toString(images.shape())
              + "; ["
              + count
              + ", C, H, W] is needed for as many numbers");
    }
    int height = Math.toIntExact(images.size(2));
    int width = Math.toIntExact(images.size(3));
    float[] down = new float[Math.multiplyExact(count, height * height)];
    float[] across = new float[Math.multiplyExact(count, width * width)];
    for (int i = 0; i < count; i++) {
      ImagePart each = part.of(numbers[i], epoch, height, width);
      interpolate(down, i * height * height, height, each.top(), each.rows(), false);
      interpolate(across, i * width * width, width, each.left(), each.columns(), each.flipped());
    }
    // Interpolation in two directions is a product from each side, so a whole minibatch is two
    // batched products, on whatever device it lies.
    Tensor rows = weights(down, count, height, images);
    Tensor columns = weights(across, count, width, images);
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
      int row = offset + (flipped ? size - 1 - i : i) * size;
      add(target, row, size, start + before, 1 - (place - before));
      add(target, row, size, start + after, place - before);
    }
  }

  private static void add(float[] target, int row, int size, int column, double weight) {
    if (column >= 0 && column < size) {
      target[row + column] += (float) weight;
    }
  }
}
