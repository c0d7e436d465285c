package dev.viking.nn;

/**
 * How the windows of a {@link Conv2d} lie on its images: their size, the step from one to the next,
 * zeros around the image, and the step inside a window. Start from {@link #of(long)} and name what
 * differs: {@code Window.of(3).stride(2).padding(1)}.
 *
 * @param kernelHeight rows of a window, at least 1
 * @param kernelWidth columns of a window, at least 1
 * @param strideHeight rows from one window to the next, at least 1
 * @param strideWidth columns from one window to the next, at least 1
 * @param top rows of zeros above the image, at least 0
 * @param bottom rows of zeros below, at least 0
 * @param left columns of zeros before the first, at least 0
 * @param right columns of zeros after the last, at least 0
 * @param dilationHeight rows from one element of a window to the next, at least 1
 * @param dilationWidth columns from one element of a window to the next, at least 1
 */
public record Window(
    long kernelHeight,
    long kernelWidth,
    long strideHeight,
    long strideWidth,
    long top,
    long bottom,
    long left,
    long right,
    long dilationHeight,
    long dilationWidth) {
  /**
   * Checks the sizes.
   *
   * @throws dev.viking.torch.ArgumentException when a size is too small
   */
  public Window {
    Checks.positive("Window", "kernel height", kernelHeight);
    Checks.positive("Window", "kernel width", kernelWidth);
    Checks.positive("Window", "stride height", strideHeight);
    Checks.positive("Window", "stride width", strideWidth);
    Checks.notNegative("Window", "padding at the top", top);
    Checks.notNegative("Window", "padding at the bottom", bottom);
    Checks.notNegative("Window", "padding at the left", left);
    Checks.notNegative("Window", "padding at the right", right);
    Checks.positive("Window", "dilation height", dilationHeight);
    Checks.positive("Window", "dilation width", dilationWidth);
  }

  /**
   * Square windows with stride 1, no padding and no dilation.
   *
   * @param kernel rows and columns
   * @return the window
   */
  public static Window of(long kernel) {
    return of(kernel, kernel);
  }

  /**
   * Windows with stride 1, no padding and no dilation.
   *
   * @param height rows
   * @param width columns
   * @return the window
   */
  public static Window of(long height, long width) {
    return new Window(height, width, 1, 1, 0, 0, 0, 0, 1, 1);
  }

  /**
   * The same windows with another step.
   *
   * @param both rows and columns from one window to the next
   * @return the window
   */
  public Window stride(long both) {
    return stride(both, both);
  }

  /**
   * The same windows with another step.
   *
   * @param height rows from one window to the next
   * @param width columns from one window to the next
   * @return the window
   */
  public Window stride(long height, long width) {
    return new Window(
        kernelHeight,
        kernelWidth,
        height,
        width,
        top,
        bottom,
        left,
        right,
        dilationHeight,
        dilationWidth);
  }

  /**
   * The same windows with other padding.
   *
   * @param each rows or columns of zeros at each of the four sides
   * @return the window
   */
  public Window padding(long each) {
    return padding(each, each, each, each);
  }

  /**
   * The same windows with other padding.
   *
   * @param newTop rows of zeros above
   * @param newBottom rows of zeros below
   * @param newLeft columns of zeros before
   * @param newRight columns of zeros after
   * @return the window
   */
  public Window padding(long newTop, long newBottom, long newLeft, long newRight) {
    return new Window(
        kernelHeight,
        kernelWidth,
        strideHeight,
        strideWidth,
        newTop,
        newBottom,
        newLeft,
        newRight,
        dilationHeight,
        dilationWidth);
  }

  /**
   * The same windows with another step inside.
   *
   * @param both rows and columns from one element to the next
   * @return the window
   */
  public Window dilation(long both) {
    return dilation(both, both);
  }

  /**
   * The same windows with another step inside.
   *
   * @param height rows from one element to the next
   * @param width columns from one element to the next
   * @return the window
   */
  public Window dilation(long height, long width) {
    return new Window(
        kernelHeight,
        kernelWidth,
        strideHeight,
        strideWidth,
        top,
        bottom,
        left,
        right,
        height,
        width);
  }

  /**
   * The same windows with the padding that TensorFlow and Flax call SAME: as many windows as steps
   * fit into the image, and the odd row or column of zeros after it. (PyTorch pads alike on both
   * sides; with an even stride that is not the same.)
   *
   * @param height rows of the images
   * @param width columns of the images
   * @return the window
   */
  public Window same(long height, long width) {
    long rows = samePadding(height, strideHeight, extentHeight());
    long columns = samePadding(width, strideWidth, extentWidth());
    return padding(rows / 2, rows - rows / 2, columns / 2, columns - columns / 2);
  }

  /** Rows of the image from the first to the last of a window. */
  long extentHeight() {
    return (kernelHeight - 1) * dilationHeight + 1;
  }

  /** Columns of the image from the first to the last of a window. */
  long extentWidth() {
    return (kernelWidth - 1) * dilationWidth + 1;
  }

  /** Number of elements of a window in one channel. */
  long area() {
    return kernelHeight * kernelWidth;
  }

  /** Number of windows along the rows; not positive where none fits. */
  long outputHeight(long height) {
    return Math.floorDiv(height + top + bottom - extentHeight(), strideHeight) + 1;
  }

  /** Number of windows along the columns; not positive where none fits. */
  long outputWidth(long width) {
    return Math.floorDiv(width + left + right - extentWidth(), strideWidth) + 1;
  }

  /** Whether opposite sides are padded alike, which is all that libtorch's kernels know. */
  boolean isSymmetric() {
    return top == bottom && left == right;
  }

  boolean isPadded() {
    return top + bottom + left + right > 0;
  }

  /** Padding in the order of {@link dev.viking.torch.Tensor#pad}. */
  long[] pads() {
    return new long[] {left, right, top, bottom};
  }

  long[] strides() {
    return new long[] {strideHeight, strideWidth};
  }

  long[] dilations() {
    return new long[] {dilationHeight, dilationWidth};
  }

  /** All numbers in the order of the native kernels. */
  long[] numbers() {
    return new long[] {
      kernelHeight,
      kernelWidth,
      strideHeight,
      strideWidth,
      dilationHeight,
      dilationWidth,
      top,
      bottom,
      left,
      right
    };
  }

  private static long samePadding(long size, long stride, long extent) {
    return Math.max(0, (Math.ceilDiv(size, stride) - 1) * stride + extent - size);
  }
}
