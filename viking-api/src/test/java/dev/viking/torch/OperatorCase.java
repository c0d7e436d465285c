package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * One typed operator method and an independent expectation.
 *
 * @param method the method, as {@code name(ParameterTypes)}
 * @param check computes and compares
 */
record OperatorCase(String method, Runnable check) {
  @Override
  public String toString() {
    return method;
  }

  /** Collects cases. */
  static final class Table {
    static final double[] LEFT = {1.5, -2.25, 0.5, 3.0};
    static final double[] RIGHT = {0.5, 2.0, -1.25, 3.0};

    private final List<OperatorCase> cases = new ArrayList<>();

    List<OperatorCase> cases() {
      return cases;
    }

    /** An operator of one tensor against a function of each element. */
    void unary(
        String method, UnaryOperator<Tensor> op, DoubleUnaryOperator expected, double... at) {
      cases.add(
          new OperatorCase(
              method,
              () -> {
                double[] want = new double[at.length];
                for (int i = 0; i < at.length; i++) {
                  want[i] = expected.applyAsDouble(at[i]);
                }
                assertValues(op.apply(Tensor.of(at)), want);
              }));
    }

    /** An operator of two tensors against a function of the elements. */
    void binary(String method, BinaryOperator<Tensor> op, DoubleBinaryOperator expected) {
      cases.add(
          new OperatorCase(
              method,
              () -> {
                double[] want = new double[LEFT.length];
                for (int i = 0; i < LEFT.length; i++) {
                  want[i] = expected.applyAsDouble(LEFT[i], RIGHT[i]);
                }
                assertValues(op.apply(Tensor.of(LEFT), Tensor.of(RIGHT)), want);
              }));
    }

    /** A result against values, row-major, worked out by hand. */
    void values(String method, Supplier<Tensor> actual, double... expected) {
      cases.add(new OperatorCase(method, () -> assertValues(actual.get(), expected)));
    }

    /** Two results that must be the same. */
    void same(String method, Supplier<Tensor> actual, Supplier<Tensor> expected) {
      cases.add(
          new OperatorCase(
              method,
              () -> {
                Tensor want = expected.get();
                Tensor got = actual.get();
                assertThat(got.shape()).containsExactly(want.shape());
                assertValues(got, want.to(DType.FLOAT64).toDoubleArray());
              }));
    }

    /** Anything else. */
    void check(String method, Runnable check) {
      cases.add(new OperatorCase(method, check));
    }
  }

  static void assertValues(Tensor actual, double... expected) {
    double[] got = actual.to(DType.FLOAT64).toDoubleArray();
    assertThat(got).hasSize(expected.length);
    for (int i = 0; i < got.length; i++) {
      if (Double.isFinite(expected[i])) {
        assertThat(got[i])
            .as("element %d", i)
            .isCloseTo(expected[i], within(1e-11 * Math.max(1, Math.abs(expected[i]))));
      } else {
        assertThat(got[i]).as("element %d", i).isEqualTo(expected[i]);
      }
    }
  }
}
