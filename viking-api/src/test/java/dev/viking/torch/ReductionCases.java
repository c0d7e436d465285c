package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/** Expectations for {@link TensorReductions}, worked out by hand on [[1, 5, 3], [4, 2, 6]]. */
final class ReductionCases {
  private ReductionCases() {}

  private static Tensor m() {
    return Tensor.of(new double[] {1, 5, 3, 4, 2, 6}, 2, 3);
  }

  private static final long[] ROWS = {1};

  static List<OperatorCase> all() {
    OperatorCase.Table t = new OperatorCase.Table();
    sums(t);
    extremes(t);
    norms(t);
    cumulative(t);
    return t.cases();
  }

  private static void sums(OperatorCase.Table t) {
    t.values("sum()", () -> m().sum(), 21);
    t.values("sum(long[])", () -> m().sum(0L), 5, 7, 9);
    t.same(
        "sum(long[],boolean)",
        () -> m().sum(ROWS, true),
        () -> Tensor.of(new double[] {9, 12}, 2, 1));
    t.same(
        "sum(long,boolean)", () -> m().sum(-1, true), () -> Tensor.of(new double[] {9, 12}, 2, 1));
    t.values("mean()", () -> m().mean(), 3.5);
    t.values("mean(long[])", () -> m().mean(0L), 2.5, 3.5, 4.5);
    t.same(
        "mean(long[],boolean)",
        () -> m().mean(ROWS, true),
        () -> Tensor.of(new double[] {3, 4}, 2, 1));
    t.values("mean(long,boolean)", () -> m().mean(1, false), 3, 4);
    t.values("var(long)", () -> m().var(1), 3.5);
    t.values("var(long[],long,boolean)", () -> m().var(ROWS, 0, false), 8.0 / 3, 8.0 / 3);
    t.values("std(long)", () -> m().std(0), Math.sqrt(17.5 / 6));
    t.values("std(long[],long,boolean)", () -> m().std(ROWS, 1, false), 2, 2);
    t.values("prod()", () -> m().prod(), 720);
    t.values("prod(long,boolean)", () -> m().prod(1, false), 15, 48);
    t.values("any()", () -> Tensor.of(0.0, 3.0).any(), 1);
    t.values("any(long,boolean)", () -> mask().any(1, false), 1, 0);
    t.values("all()", () -> Tensor.of(0.0, 3.0).all(), 0);
    t.values("all(long,boolean)", () -> mask().all(0, false), 0, 0);
    t.values("countNonzero()", () -> Tensor.of(0.0, 3.0, -1.0).countNonzero(), 2);
  }

  private static Tensor mask() {
    return Tensor.of(new boolean[] {true, false, false, false}, 2, 2);
  }

  private static void extremes(OperatorCase.Table t) {
    t.values("max()", () -> m().max(), 6);
    t.values("min()", () -> m().min(), 1);
    t.check(
        "max(long,boolean)",
        () -> {
          Tensor.MaxResult result = m().max(1, false);
          OperatorCase.assertValues(result.values(), 5, 6);
          assertThat(result.indices().toLongArray()).containsExactly(1, 2);
        });
    t.check(
        "min(long,boolean)",
        () -> {
          Tensor.MinResult result = m().min(0, true);
          assertThat(result.values().shape()).containsExactly(1, 3);
          OperatorCase.assertValues(result.values(), 1, 2, 3);
          assertThat(result.indices().toLongArray()).containsExactly(0, 1, 0);
        });
    t.values("amax(long[],boolean)", () -> m().amax(new long[] {0, 1}, false), 6);
    t.values("amin(long[],boolean)", () -> m().amin(ROWS, false), 1, 2);
    t.values("argmax()", () -> m().argmax(), 5);
    t.values("argmax(long)", () -> m().argmax(1), 1, 2);
    t.same(
        "argmax(long,boolean)",
        () -> m().argmax(1, true),
        () -> Tensor.of(new long[] {1, 2}, 2, 1));
    t.values("argmin()", () -> m().argmin(), 0);
    t.values("argmin(long)", () -> m().argmin(1), 0, 1);
    t.same(
        "argmin(long,boolean)",
        () -> m().argmin(1, true),
        () -> Tensor.of(new long[] {0, 1}, 2, 1));
    t.check(
        "median(long,boolean)",
        () -> {
          Tensor.MinResult result = m().median(1, false);
          OperatorCase.assertValues(result.values(), 3, 4);
          assertThat(result.indices().toLongArray()).containsExactly(2, 0);
        });
    t.values("quantile(double,long,boolean)", () -> m().quantile(0.25, 1, false), 2, 3);
  }

  private static void norms(OperatorCase.Table t) {
    t.values("norm()", () -> Tensor.of(3.0, -4.0).norm(), 5);
    t.values("vectorNorm(double)", () -> Tensor.of(3.0, -4.0).vectorNorm(1), 7);
    t.values(
        "vectorNorm(double,long[],boolean)",
        () -> m().vectorNorm(Double.POSITIVE_INFINITY, ROWS, false),
        5,
        6);
    double row = Math.log(Math.exp(1) + Math.exp(5) + Math.exp(3));
    t.values("logsumexp(long,boolean)", () -> m().select(0, 0).logsumexp(0, false), row);
    t.values("logsumexp(long[],boolean)", () -> m().slice(0, 0, 1).logsumexp(ROWS, false), row);
    t.values(
        "softmax(long)",
        () -> m().select(0, 0).softmax(0),
        Math.exp(1 - row),
        Math.exp(5 - row),
        Math.exp(3 - row));
    t.values("logSoftmax(long)", () -> m().select(0, 0).logSoftmax(0), 1 - row, 5 - row, 3 - row);
  }

  private static void cumulative(OperatorCase.Table t) {
    t.values("cumsum(long)", () -> m().cumsum(1), 1, 6, 9, 4, 6, 12);
    t.values("cumprod(long)", () -> m().cumprod(0), 1, 5, 3, 4, 10, 18);
    t.check(
        "cummax(long)",
        () -> {
          Tensor.MaxResult result = m().cummax(1);
          OperatorCase.assertValues(result.values(), 1, 5, 5, 4, 4, 6);
          assertThat(result.indices().toLongArray()).containsExactly(0, 1, 1, 0, 0, 2);
        });
    t.values(
        "logcumsumexp(long)",
        () -> Tensor.of(0.5, 2.0).logcumsumexp(0),
        0.5,
        Math.log(Math.exp(0.5) + Math.exp(2)));
    t.values("diff(long,long)", () -> m().diff(2, 1), -6, 6);
    t.check(
        "equal(Tensor)",
        () -> {
          assertThat(m().equal(m())).isTrue();
          assertThat(m().equal(m().add(1.0))).isFalse();
        });
    t.check(
        "allclose(Tensor,double,double)",
        () -> {
          assertThat(m().allclose(m().add(1e-3), 0, 1e-2)).isTrue();
          assertThat(m().allclose(m().add(1e-3), 0, 1e-4)).isFalse();
        });
  }
}
