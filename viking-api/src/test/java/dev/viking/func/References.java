package dev.viking.func;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.function.IntToDoubleFunction;

/** Comparisons with values in plain Java. */
final class References {
  private References() {}

  static void assertClose(Tensor actual, IntToDoubleFunction expected) {
    double[] wanted = new double[(int) actual.numel()];
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = expected.applyAsDouble(i);
    }
    assertClose(actual, wanted, 1e-11);
  }

  static void assertClose(Tensor actual, double[] expected, double tolerance) {
    double[] got = actual.toDoubleArray();
    assertThat(got).hasSize(expected.length);
    for (int i = 0; i < got.length; i++) {
      assertThat(got[i])
          .as("element %d", i)
          .isCloseTo(expected[i], within(tolerance * Math.max(1, Math.abs(expected[i]))));
    }
  }

  /**
   * Central difference of a function along a direction, with two steps extrapolated (error h^4).
   */
  static double[] directionalDifference(TensorFunction f, double[] x, double[] direction) {
    double step = 1e-3;
    double[] near = difference(f, x, direction, step);
    double[] far = difference(f, x, direction, 2 * step);
    for (int i = 0; i < near.length; i++) {
      near[i] = (4 * near[i] - far[i]) / 3;
    }
    return near;
  }

  private static double[] difference(
      TensorFunction f, double[] x, double[] direction, double step) {
    try (Scope _ = Scope.open()) {
      Tensor up = Tensor.of(moved(x, direction, step));
      Tensor down = Tensor.of(moved(x, direction, -step));
      return f.apply(up).sub(f.apply(down)).div(2 * step).toDoubleArray();
    }
  }

  private static double[] moved(double[] x, double[] direction, double step) {
    double[] result = x.clone();
    for (int i = 0; i < result.length; i++) {
      result[i] += step * direction[i];
    }
    return result;
  }
}
