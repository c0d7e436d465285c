package dev.viking.nn;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** Windows of images as columns of matrices, and their sum back into images. */
final class Windows {
  private Windows() {}

  /**
   * All windows of images.
   *
   * @param images [B, channels, rows, columns]
   * @return [B, channels * kernel, windows], contiguous
   */
  static Tensor columns(Tensor images, Window window) {
    if (SmallProducts.hasKernels(images)) {
      return NativeOps.COLUMNS.call(images, window.numbers());
    }
    long batch = images.size(0);
    long channels = images.size(1);
    long height = window.outputHeight(images.size(2));
    long width = window.outputWidth(images.size(3));
    long kernel = window.area();
    if (window.strideHeight() != 1) {
      Tensor padded = pad(images, window);
      long row = padded.size(3);
      long plane = padded.size(2) * row;
      long[] sizes = {batch, channels, window.kernelHeight(), window.kernelWidth(), height, width};
      long[] strides = {
        channels * plane,
        plane,
        window.dilationHeight() * row,
        window.dilationWidth(),
        window.strideHeight() * row,
        window.strideWidth()
      };
      return NativeOps.AS_STRIDED
          .call(padded, sizes, strides)
          .reshape(batch, channels * kernel, height * width);
    }
    // Two steps, first along the rows: then the windows of a whole image are runs of neighbours,
    // which copy faster.
    try (Scope scope = Scope.open()) {
      Tensor shifted = shifted(images, window);
      long shift = shifted.size(3) * width;
      long down = window.dilationHeight() * width;
      long[] sizes = {batch, channels, window.kernelHeight(), window.kernelWidth(), height * width};
      long[] strides = {
        channels * window.kernelWidth() * shift, window.kernelWidth() * shift, down, shift, 1
      };
      return scope.keep(
          NativeOps.AS_STRIDED
              .call(shifted, sizes, strides)
              .reshape(batch, channels * kernel, height * width));
    }
  }

  /**
   * The windows along each row of the padded images: with stride 1 down the columns, the elements
   * in row i of all windows are a run of each matrix, see {@link #row}.
   *
   * @param images [B, channels, rows, columns]
   * @return [B, channels, kernel width, padded rows, windows along the columns], contiguous
   */
  static Tensor shifted(Tensor images, Window window) {
    Tensor padded = pad(images, window);
    long batch = padded.size(0);
    long channels = padded.size(1);
    long rows = padded.size(2);
    long row = padded.size(3);
    long plane = rows * row;
    long width = window.outputWidth(images.size(3));
    return NativeOps.AS_STRIDED
        .call(
            padded,
            new long[] {batch, channels, window.kernelWidth(), rows, width},
            new long[] {channels * plane, plane, window.dilationWidth(), row, window.strideWidth()})
        .contiguous();
  }

  /**
   * The elements in one row of all windows, without a copy.
   *
   * @param shifted from {@link #shifted}, for windows with stride 1 down the columns
   * @param index the row within a window
   * @param height number of windows along the rows
   * @return [B, channels * kernel width, windows]
   */
  static Tensor row(Tensor shifted, Window window, long index, long height) {
    long width = shifted.size(4);
    return shifted
        .view(shifted.size(0), shifted.size(1) * shifted.size(2), shifted.size(3) * width)
        .narrow(2, index * window.dilationHeight() * width, height * width);
  }

  /**
   * Adds windows up where they overlap: the transpose of {@link #columns}.
   *
   * @param columns [B, channels * kernel, windows]
   * @param like images of the result's sizes
   * @return [B, channels, rows, columns]
   */
  static Tensor images(Tensor columns, Window window, Tensor like) {
    if (SmallProducts.hasKernels(columns)) {
      return NativeOps.IMAGES.call(
          columns, window.numbers(), like.size(1), like.size(2), like.size(3));
    }
    try (Scope scope = Scope.open()) {
      Tensor sum =
          window.strideHeight() == 1 && window.strideWidth() == 1
              ? sum(columns, window, like)
              : columns.fold(
                  new long[] {
                    like.size(2) + window.top() + window.bottom(),
                    like.size(3) + window.left() + window.right()
                  },
                  new long[] {window.kernelHeight(), window.kernelWidth()},
                  window.dilations(),
                  new long[] {0, 0},
                  window.strides());
      return scope.keep(crop(sum, window, like));
    }
  }

  /** The part of padded images that is no padding. */
  static Tensor crop(Tensor padded, Window window, Tensor like) {
    return window.isPadded()
        ? padded
            .narrow(2, window.top(), like.size(2))
            .narrow(3, window.left(), like.size(3))
            .contiguous()
        : padded;
  }

  private static Tensor sum(Tensor columns, Window window, Tensor like) {
    long batch = like.size(0);
    long channels = like.size(1);
    long rows = like.size(2) + window.top() + window.bottom();
    long row = like.size(3) + window.left() + window.right();
    long width = window.outputWidth(like.size(3));
    long windows = columns.size(2);
    Tensor taps =
        columns.view(batch, channels, window.kernelHeight(), window.kernelWidth(), windows);
    Tensor alongRows = zeros(columns, batch, channels, window.kernelWidth(), rows * width);
    for (long i = 0; i < window.kernelHeight(); i++) {
      alongRows.narrow(3, i * window.dilationHeight() * width, windows).add_(taps.select(2, i));
    }
    Tensor shifted = alongRows.view(batch, channels, window.kernelWidth(), rows, width);
    Tensor sum = zeros(columns, batch, channels, rows, row);
    for (long j = 0; j < window.kernelWidth(); j++) {
      sum.narrow(3, j * window.dilationWidth(), width).add_(shifted.select(2, j));
    }
    return sum;
  }

  private static Tensor pad(Tensor images, Window window) {
    return window.isPadded() ? images.pad(window.pads(), 0) : images.contiguous();
  }

  private static Tensor zeros(Tensor like, long... shape) {
    return Tensor.zeros(shape, like.dtype(), like.device());
  }
}
