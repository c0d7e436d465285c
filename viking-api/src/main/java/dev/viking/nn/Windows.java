package dev.viking.nn;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** Windows of images as columns of matrices, and their sum back into images. */
final class Windows {
  private Windows() {}

  /**
   * All windows that a convolution sees.
   *
   * @param images [B, inputs, rows, columns]
   * @param height number of windows along the rows
   * @param width number of windows along the columns
   * @return [B, inputs * kernel * kernel, height * width], contiguous
   */
  static Tensor columns(Tensor images, Conv2d layer, long height, long width) {
    Tensor padded = pad(images, layer.padding());
    long batch = padded.size(0);
    long channels = layer.inputs();
    long kernel = layer.kernel();
    long rows = padded.size(2);
    long row = padded.size(3);
    long plane = rows * row;
    if (layer.stride() != 1) {
      long[] sizes = {batch, channels, kernel, kernel, height, width};
      long[] strides = {channels * plane, plane, row, 1, layer.stride() * row, layer.stride()};
      return NativeOps.AS_STRIDED
          .call(padded, sizes, strides)
          .reshape(batch, channels * kernel * kernel, height * width);
    }
    // Two steps, first along the rows: then the windows of a whole image are runs of neighbours,
    // which copy faster.
    try (Scope scope = Scope.open()) {
      Tensor shifted =
          NativeOps.AS_STRIDED
              .call(
                  padded,
                  new long[] {batch, channels, kernel, rows, width},
                  new long[] {channels * plane, plane, 1, row, 1})
              .contiguous();
      long shift = rows * width;
      return scope.keep(
          NativeOps.AS_STRIDED
              .call(
                  shifted,
                  new long[] {batch, channels, kernel, kernel, height * width},
                  new long[] {channels * kernel * shift, kernel * shift, width, shift, 1})
              .reshape(batch, channels * kernel * kernel, height * width));
    }
  }

  /**
   * Adds windows up where they overlap: the transpose of {@link #columns}.
   *
   * @param columns [B, inputs * kernel * kernel, height * width]
   * @param like images of the result's sizes
   * @return [B, inputs, rows, columns]
   */
  static Tensor images(Tensor columns, Conv2d layer, Tensor like, long height, long width) {
    long kernel = layer.kernel();
    long padding = layer.padding();
    if (layer.stride() != 1) {
      return columns.fold(
          new long[] {like.size(2), like.size(3)},
          new long[] {kernel, kernel},
          new long[] {1, 1},
          new long[] {padding, padding},
          new long[] {layer.stride(), layer.stride()});
    }
    long batch = like.size(0);
    long channels = layer.inputs();
    long rows = height + kernel - 1;
    try (Scope scope = Scope.open()) {
      Tensor taps = columns.view(batch, channels, kernel, kernel, height * width);
      Tensor alongRows = zeros(columns, batch, channels, kernel, rows * width);
      for (long i = 0; i < kernel; i++) {
        alongRows.narrow(3, i * width, height * width).add_(taps.select(2, i));
      }
      Tensor shifted = alongRows.view(batch, channels, kernel, rows, width);
      Tensor sum = zeros(columns, batch, channels, rows, width + kernel - 1);
      for (long j = 0; j < kernel; j++) {
        sum.narrow(3, j, width).add_(shifted.select(2, j));
      }
      return scope.keep(
          padding == 0
              ? sum
              : sum.narrow(2, padding, like.size(2)).narrow(3, padding, like.size(3)).contiguous());
    }
  }

  private static Tensor pad(Tensor images, long padding) {
    return padding == 0
        ? images.contiguous()
        : images.pad(new long[] {padding, padding, padding, padding}, 0);
  }

  private static Tensor zeros(Tensor like, long... shape) {
    return Tensor.zeros(shape, like.dtype(), like.device());
  }
}
