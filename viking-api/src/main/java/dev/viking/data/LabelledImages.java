package dev.viking.data;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.IndexException;
import dev.viking.torch.Tensor;

/**
 * Images of one size with one class label each, held as bytes outside native memory. Pixels are
 * stored image by image, channel by channel, row by row. Immutable, so any number of threads may
 * read it.
 */
public final class LabelledImages {
  private final int count;
  private final int channels;
  private final int height;
  private final int width;
  private final int classes;
  private final byte[] pixels;
  private final byte[] labels;

  /**
   * Takes over two arrays; the caller must not change them afterwards.
   *
   * @param channels number of channels C, at least 1
   * @param height rows H of one image, at least 1
   * @param width columns W of one image, at least 1
   * @param classes number of classes, 1..256
   * @param pixels unsigned pixels, {@code labels.length * C * H * W} of them
   * @param labels unsigned class labels, each below {@code classes}
   * @throws ArgumentException when sizes do not fit each other or a label is out of range
   */
  public LabelledImages(
      int channels, int height, int width, int classes, byte[] pixels, byte[] labels) {
    if (channels < 1 || height < 1 || width < 1) {
      throw new ArgumentException(
          "LabelledImages: given channels, height, width "
              + channels
              + ", "
              + height
              + ", "
              + width
              + "; needed at least 1 each");
    }
    if (classes < 1 || classes > 256) {
      throw new ArgumentException(
          "LabelledImages: argument classes: given " + classes + "; needed 1..256");
    }
    long expected =
        Math.multiplyExact(Math.multiplyExact((long) channels * height, width), labels.length);
    if (pixels.length != expected) {
      throw new ArgumentException(
          "LabelledImages: argument pixels: given "
              + pixels.length
              + " bytes for "
              + labels.length
              + " labels; needed "
              + expected);
    }
    for (int i = 0; i < labels.length; i++) {
      if (Byte.toUnsignedInt(labels[i]) >= classes) {
        throw new ArgumentException(
            "LabelledImages: argument labels: given "
                + Byte.toUnsignedInt(labels[i])
                + " at index "
                + i
                + "; needed a class in 0.."
                + (classes - 1));
      }
    }
    this.count = labels.length;
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.classes = classes;
    this.pixels = pixels;
    this.labels = labels;
  }

  /**
   * Number of images.
   *
   * @return the count N
   */
  public int count() {
    return count;
  }

  /**
   * Channels of each image.
   *
   * @return the number C
   */
  public int channels() {
    return channels;
  }

  /**
   * Rows of each image.
   *
   * @return the number H
   */
  public int height() {
    return height;
  }

  /**
   * Columns of each image.
   *
   * @return the number W
   */
  public int width() {
    return width;
  }

  /**
   * Number of classes.
   *
   * @return one more than the largest allowed label
   */
  public int classes() {
    return classes;
  }

  /**
   * Class of one image.
   *
   * @param index image in 0..N-1
   * @return its label
   * @throws IndexException when the index is out of range
   */
  public int label(int index) {
    return Byte.toUnsignedInt(labels[checked(index)]);
  }

  /**
   * One pixel.
   *
   * @param index image in 0..N-1
   * @param channel channel in 0..C-1
   * @param row row in 0..H-1
   * @param column column in 0..W-1
   * @return brightness 0..255
   * @throws IndexException when an index is out of range
   */
  public int pixel(int index, int channel, int row, int column) {
    if (channel < 0
        || channel >= channels
        || row < 0
        || row >= height
        || column < 0
        || column >= width) {
      throw new IndexException(
          "LabelledImages.pixel: given channel, row, column "
              + channel
              + ", "
              + row
              + ", "
              + column
              + "; needed below "
              + channels
              + ", "
              + height
              + ", "
              + width);
    }
    int offset = checked(index) * imageSize() + (channel * height + row) * width + column;
    return Byte.toUnsignedInt(pixels[offset]);
  }

  /**
   * How often each brightness occurs in one channel of all images.
   *
   * @param channel channel in 0..C-1
   * @return 256 counts; a new array
   * @throws IndexException when the channel is out of range
   */
  public long[] histogram(int channel) {
    if (channel < 0 || channel >= channels) {
      throw new IndexException(
          "LabelledImages.histogram: argument channel: given "
              + channel
              + "; needed 0.."
              + (channels - 1));
    }
    long[] counts = new long[256];
    int plane = height * width;
    for (int i = 0; i < count; i++) {
      int from = i * imageSize() + channel * plane;
      for (int j = from; j < from + plane; j++) {
        counts[Byte.toUnsignedInt(pixels[j])]++;
      }
    }
    return counts;
  }

  /**
   * Labels of chosen images in Java memory.
   *
   * @param indices images in 0..N-1, in any order, repeats allowed
   * @return one label each
   * @throws IndexException when an index is out of range
   */
  public int[] labelArray(int... indices) {
    int[] result = new int[indices.length];
    for (int i = 0; i < indices.length; i++) {
      result[i] = label(indices[i]);
    }
    return result;
  }

  /**
   * All labels in order.
   *
   * @return a new array of N labels
   */
  public int[] labelArray() {
    int[] result = new int[count];
    for (int i = 0; i < count; i++) {
      result[i] = Byte.toUnsignedInt(labels[i]);
    }
    return result;
  }

  /**
   * Pixels of chosen images in Java memory, divided by 255.
   *
   * @param indices images in 0..N-1, in any order, repeats allowed
   * @return row-major [n, C, H, W] in [0, 1]
   * @throws IndexException when an index is out of range
   */
  public float[] pixelArray(int... indices) {
    int size = imageSize();
    float[] result = new float[Math.multiplyExact(indices.length, size)];
    for (int i = 0; i < indices.length; i++) {
      int from = checked(indices[i]) * size;
      int to = i * size;
      for (int j = 0; j < size; j++) {
        result[to + j] = Byte.toUnsignedInt(pixels[from + j]) / 255f;
      }
    }
    return result;
  }

  /**
   * Chosen images as a tensor, pixels divided by 255. Owned by the current scope.
   *
   * @param indices images in 0..N-1, in any order, repeats allowed
   * @return float32 [n, C, H, W] on the CPU, values in [0, 1]
   * @throws IndexException when an index is out of range
   */
  public Tensor images(int... indices) {
    return Tensor.of(pixelArray(indices), indices.length, channels, height, width);
  }

  /**
   * Labels of chosen images as a tensor. Owned by the current scope.
   *
   * @param indices images in 0..N-1, in any order, repeats allowed
   * @return int64 [n] on the CPU
   * @throws IndexException when an index is out of range
   */
  public Tensor labels(int... indices) {
    long[] result = new long[indices.length];
    for (int i = 0; i < indices.length; i++) {
      result[i] = label(indices[i]);
    }
    return Tensor.of(result, indices.length);
  }

  /**
   * A copy of some images as a set of its own.
   *
   * @param indices images in 0..N-1, in any order, repeats allowed
   * @return the chosen images in the order given
   * @throws IndexException when an index is out of range
   */
  public LabelledImages subset(int... indices) {
    int size = imageSize();
    byte[] chosenPixels = new byte[Math.multiplyExact(indices.length, size)];
    byte[] chosenLabels = new byte[indices.length];
    for (int i = 0; i < indices.length; i++) {
      System.arraycopy(pixels, checked(indices[i]) * size, chosenPixels, i * size, size);
      chosenLabels[i] = labels[indices[i]];
    }
    return new LabelledImages(channels, height, width, classes, chosenPixels, chosenLabels);
  }

  /**
   * The same images turned about their centre, counterclockwise, with bilinear interpolation; what
   * comes in from outside is 0. By multiples of 90 degrees no pixel of a square image changes but
   * in its place.
   *
   * @param degrees the angle, finite
   * @return the turned images
   * @throws ArgumentException when the angle is not finite
   */
  public LabelledImages rotated(double degrees) {
    if (!Double.isFinite(degrees)) {
      throw new ArgumentException(
          "LabelledImages.rotated: argument degrees: given " + degrees + "; needed a finite angle");
    }
    double cos = Math.cos(Math.toRadians(degrees));
    double sin = Math.sin(Math.toRadians(degrees));
    double middleX = (width - 1) / 2.0;
    double middleY = (height - 1) / 2.0;
    byte[] turned = new byte[pixels.length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        // Rows count downwards, so this is where a counterclockwise turn brings a pixel from.
        double fromX = middleX + cos * (x - middleX) - sin * (y - middleY);
        double fromY = middleY + sin * (x - middleX) + cos * (y - middleY);
        int left = (int) Math.floor(fromX);
        int top = (int) Math.floor(fromY);
        double right = fromX - left;
        double below = fromY - top;
        for (int plane = 0; plane < count * channels; plane++) {
          int offset = plane * height * width;
          double value =
              (1 - below)
                      * ((1 - right) * at(offset, top, left) + right * at(offset, top, left + 1))
                  + below
                      * ((1 - right) * at(offset, top + 1, left)
                          + right * at(offset, top + 1, left + 1));
          turned[offset + y * width + x] = (byte) Math.round(value);
        }
      }
    }
    return new LabelledImages(channels, height, width, classes, turned, labels.clone());
  }

  private int at(int offset, int row, int column) {
    return row < 0 || row >= height || column < 0 || column >= width
        ? 0
        : Byte.toUnsignedInt(pixels[offset + row * width + column]);
  }

  private int imageSize() {
    return channels * height * width;
  }

  private int checked(int index) {
    if (index < 0 || index >= count) {
      throw new IndexException(
          "LabelledImages: argument index: given " + index + "; needed 0.." + (count - 1));
    }
    return index;
  }
}
