package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Op;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The library's own kernels over images give what libtorch's operators give. */
@ExtendWith(LiveHandles.class)
class ImageKernelsTest {
  private static final long[] TWO = {2, 2};
  private static final long[] NONE = {0, 0};
  private static final long[] ONE = {1, 1};

  private static Tensor random(DType dtype, long... shape) {
    try (Rng rng = Rng.seeded(5)) {
      return Tensor.randn(rng, dtype, shape);
    }
  }

  private static void same(Tensor actual, Tensor expected, double tolerance) {
    assertThat(actual.shape()).isEqualTo(expected.shape());
    double[] values = actual.toDoubleArray();
    double[] wanted = expected.toDoubleArray();
    for (int i = 0; i < values.length; i++) {
      if (Double.isNaN(wanted[i])) {
        assertThat(values[i]).isNaN();
      } else {
        assertThat(values[i]).isCloseTo(wanted[i], offset(tolerance));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT64"})
  void poolingIsLibtorchs(DType dtype) {
    try (Scope _ = Scope.open()) {
      // Rounded, so that many tiles have equal largest elements; wider than a block of the kernel.
      Tensor images = random(dtype, 3, 2, 6, 150).mul(2.0).round();
      images.select(3, 7).select(2, 3).fill_(Double.NaN);
      List<Tensor> ours = NativeOps.MAX_POOL2X2.callAll(images).stream().map(t -> t).toList();
      List<Tensor> theirs =
          NativeOps.MAX_POOL2D_WITH_INDICES.callAll(images, TWO, TWO, NONE).stream()
              .map(t -> t)
              .toList();
      same(ours.get(0), theirs.get(0), 0);

      Tensor cotangent = random(dtype, 6, 2, 3, 75);
      Tensor winners = theirs.get(1).repeatInterleave(2, 0);
      Tensor seen = images.repeatInterleave(2, 0);
      same(
          NativeOps.MAX_POOL2X2_BACKWARD.call(cotangent, ours.get(1), 2L),
          NativeOps.MAX_POOL2D_BACKWARD.call(cotangent, seen, TWO, TWO, NONE, ONE, false, winners),
          0);
      Tensor tangent = random(dtype, 3, 2, 6, 150);
      same(
          NativeOps.MAX_POOL2X2_TANGENT.call(tangent, ours.get(1)),
          tangent.flatten(2, -1).gather(2, theirs.get(1).flatten(2, -1)).view(3, 2, 3, 75),
          0);
    }
  }

  static Stream<Window> windows() {
    return Stream.of(
        Window.of(5),
        Window.of(3).padding(1),
        Window.of(3, 2).stride(2, 3),
        Window.of(2, 4).stride(3, 1).padding(2, 1, 0, 3),
        Window.of(3).dilation(2, 3).padding(4),
        Window.of(1, 9).padding(0, 0, 8, 8),
        Window.of(11, 13));
  }

  @ParameterizedTest
  @MethodSource("windows")
  void windowsAreLibtorchs(Window window) {
    try (Scope _ = Scope.open()) {
      Tensor images = random(DType.FLOAT32, 2, 3, 11, 13);
      Tensor padded = images.pad(window.pads(), 0);
      long[] kernel = {window.kernelHeight(), window.kernelWidth()};
      Tensor columns = Windows.columns(images, window);
      same(
          columns,
          Op.of("aten::im2col", "")
              .call(padded, kernel, window.dilations(), NONE, window.strides()),
          0);

      // The transpose: <columns(x), y> = <x, images(y)>.
      Tensor weights = random(DType.FLOAT32, columns.shape());
      Tensor back = Windows.images(weights, window, images);
      assertThat(back.shape()).isEqualTo(images.shape());
      assertThat(back.mul(images).sum().item())
          .isCloseTo(columns.mul(weights).sum().item(), offset(1e-2));
      Tensor folded =
          weights.fold(
              new long[] {padded.size(2), padded.size(3)},
              kernel,
              window.dilations(),
              NONE,
              window.strides());
      same(back, Windows.crop(folded, window, images), 1e-5);
    }
  }

  static Stream<Arguments> products() {
    return Stream.of(DType.FLOAT32, DType.FLOAT64)
        .flatMap(
            dtype ->
                Stream.of(
                        new long[] {1, 1, 1},
                        new long[] {6, 25, 576},
                        new long[] {16, 150, 64},
                        new long[] {7, 3, 5},
                        new long[] {5, 17, 33},
                        new long[] {13, 64, 150},
                        new long[] {4, 9, 23},
                        new long[] {2, 31, 8},
                        new long[] {3, 0, 4})
                    .map(sizes -> Arguments.of(dtype, sizes[0], sizes[1], sizes[2])));
  }

  @ParameterizedTest
  @MethodSource("products")
  void productsAreLibtorchs(DType dtype, long m, long k, long n) {
    double tolerance = dtype == DType.FLOAT32 ? 1e-4 : 1e-12;
    try (Scope _ = Scope.open()) {
      Tensor start = random(dtype, 5, m, n);
      for (Tensor right : List.of(random(dtype, 5, k, n), random(dtype, 5, n, k).transpose(1, 2))) {
        for (Tensor left :
            List.of(
                random(dtype, 5, m, k),
                random(dtype, 1, m, k),
                random(dtype, 5, k, m).transpose(1, 2),
                random(dtype, 1, m, k).expand(5, -1, -1))) {
          Tensor product = left.expand(5, -1, -1).bmm(right);
          same(SmallProducts.of(left, right), product, tolerance);
          for (Tensor bias : List.of(random(dtype, m), random(dtype, 1, m), random(dtype, 5, m))) {
            same(SmallProducts.of(left, right, bias), product.add(bias.unsqueeze(-1)), tolerance);
          }
          Tensor sum = start.cloneTensor();
          SmallProducts.add(sum, left, right);
          same(sum, product.add(start), tolerance);
        }
      }
    }
  }

  @Test
  void wrongShapesAreRefused() {
    try (Scope _ = Scope.open()) {
      Tensor images = Tensor.zeros(new long[] {2, 1, 3, 4}, DType.FLOAT32, Device.CPU);
      assertThatThrownBy(() -> NativeOps.MAX_POOL2X2.callAll(images))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("even sizes");
      assertThatThrownBy(() -> Windows.columns(images, Window.of(5)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("none fits into images of size 3");
      Tensor left = Tensor.zeros(new long[] {3, 2, 4}, DType.FLOAT32, Device.CPU);
      assertThatThrownBy(() -> SmallProducts.of(left, images.select(1, 0)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("left has shape");
      assertThatThrownBy(() -> SmallProducts.of(left, left.to(DType.FLOAT64).transpose(1, 2)))
          .isInstanceOf(dev.viking.torch.VikingException.class)
          .hasMessageContaining("needed the same");
    }
  }
}
