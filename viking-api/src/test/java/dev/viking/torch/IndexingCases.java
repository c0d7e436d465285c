package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;

/** Expectations for {@link TensorIndexing}, worked out by hand on [[0, 1, 2], [3, 4, 5]]. */
final class IndexingCases {
  private IndexingCases() {}

  private static Tensor m() {
    return Tensor.of(new double[] {0, 1, 2, 3, 4, 5}, 2, 3);
  }

  private static Tensor index(long[] shape, long... positions) {
    return Tensor.of(positions, shape);
  }

  private static long[] shape(long... sizes) {
    return sizes;
  }

  static List<OperatorCase> all() {
    OperatorCase.Table t = new OperatorCase.Table();
    picks(t);
    places(t);
    orders(t);
    draws(t);
    return t.cases();
  }

  private static void picks(OperatorCase.Table t) {
    t.values("select(long,long)", () -> m().select(1, -1), 2, 5);
    t.values("narrow(long,long,long)", () -> m().narrow(1, 1, 2), 1, 2, 4, 5);
    t.values("slice(long,long,long,long)", () -> m().slice(1, 0, 3, 2), 0, 2, 3, 5);
    t.values("slice(long,long,long)", () -> m().slice(1, 1, Long.MAX_VALUE), 1, 2, 4, 5);
    t.values("index(Tensor[])", () -> m().index(null, Tensor.of(2, 0)), 2, 0, 5, 3);
    t.values("indexSelect(long,Tensor)", () -> m().indexSelect(1, Tensor.of(2, 2)), 2, 2, 5, 5);
    t.values("gather(long,Tensor)", () -> m().gather(1, index(shape(2, 1), 2, 0)), 2, 3);
    t.values("takeAlongDim(Tensor,long)", () -> m().takeAlongDim(index(shape(1, 1), 1), 1), 1, 4);
    t.values("maskedSelect(Tensor)", () -> m().maskedSelect(m().gt(2.5)), 3, 4, 5);
    t.same(
        "nonzero()", () -> m().gt(3.5).nonzero(), () -> Tensor.of(new long[] {1, 1, 1, 2}, 2, 2));
    t.same(
        "oneHot(long)",
        () -> Tensor.of(2, 0).oneHot(3),
        () -> Tensor.of(new long[] {0, 0, 1, 1, 0, 0}, 2, 3));
  }

  private static void places(OperatorCase.Table t) {
    t.values(
        "scatter(long,Tensor,Tensor)",
        () -> m().scatter(1, index(shape(2, 1), 2, 0), Tensor.of(new double[] {8, 9}, 2, 1)),
        0,
        1,
        8,
        9,
        4,
        5);
    t.values(
        "scatterAdd(long,Tensor,Tensor)",
        () -> m().scatterAdd(1, index(shape(2, 1), 2, 0), Tensor.of(new double[] {8, 9}, 2, 1)),
        0,
        1,
        10,
        12,
        4,
        5);
    t.values(
        "indexAdd(long,Tensor,Tensor)",
        () -> m().indexAdd(0, Tensor.of(1, 1), m()),
        0,
        1,
        2,
        6,
        9,
        12);
    t.values(
        "indexCopy(long,Tensor,Tensor)",
        () -> m().indexCopy(0, Tensor.of(1, 0), m()),
        3,
        4,
        5,
        0,
        1,
        2);
    t.values(
        "indexPut(List,Tensor,boolean)",
        () -> m().indexPut(Arrays.asList(null, Tensor.of(1)), Tensor.of(10.0), true),
        0,
        11,
        2,
        3,
        14,
        5);
    t.values(
        "sliceScatter(Tensor,long,long,long,long)",
        () -> m().sliceScatter(Tensor.of(new double[] {7, 8, 9, 6}, 2, 2), 1, 0, 3, 2),
        7,
        1,
        8,
        9,
        4,
        6);
    t.values(
        "maskedFill(Tensor,double)", () -> m().maskedFill(m().lt(1.5), -1), -1, -1, 2, 3, 4, 5);
  }

  private static void orders(OperatorCase.Table t) {
    t.check(
        "sort(long,boolean)",
        () -> {
          Tensor.SortResult result = Tensor.of(2.0, 3.0, 1.0).sort(0, true);
          OperatorCase.assertValues(result.values(), 3, 2, 1);
          assertThat(result.indices().toLongArray()).containsExactly(1, 0, 2);
        });
    t.values("argsort(long,boolean)", () -> Tensor.of(2.0, 3.0, 1.0).argsort(0, false), 2, 0, 1);
    t.check(
        "topk(long,long,boolean)",
        () -> {
          Tensor.TopkResult result = m().topk(2, 1, true);
          OperatorCase.assertValues(result.values(), 2, 1, 5, 4);
          assertThat(result.indices().toLongArray()).containsExactly(2, 1, 2, 1);
        });
    t.values("bincount(long)", () -> Tensor.of(0, 2, 2).bincount(4), 1, 0, 2, 0);
    t.values(
        "searchsorted(Tensor,boolean)",
        () -> Tensor.of(1.0, 2.0, 3.0).searchsorted(Tensor.of(2.0, 0.0, 9.0), true),
        2,
        0,
        3);
  }

  private static void draws(OperatorCase.Table t) {
    t.check(
        "multinomial(long,boolean,Rng)",
        () -> {
          try (Rng rng = Rng.seeded(1)) {
            OperatorCase.assertValues(
                Tensor.of(0.0, 1.0, 0.0).multinomial(4, true, rng), 1, 1, 1, 1);
          }
        });
    t.check(
        "bernoulli(Rng)",
        () -> {
          try (Rng rng = Rng.seeded(1)) {
            OperatorCase.assertValues(Tensor.of(0.0, 1.0, 0.0).bernoulli(rng), 0, 1, 0);
            double mean =
                Tensor.full(new long[] {10_000}, 0.3, DType.FLOAT64, Device.CPU)
                    .bernoulli(rng)
                    .mean()
                    .item();
            assertThat(mean).isBetween(0.27, 0.33);
          }
        });
  }
}
