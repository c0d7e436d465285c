package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/** Expectations for {@link TensorNeural}: by hand, or composed from operators checked elsewhere. */
final class NeuralCases {
  private static final long[] ONE_ONE = {1, 1};
  private static final long[] ZERO_ZERO = {0, 0};
  private static final long[] TWO_TWO = {2, 2};

  private NeuralCases() {}

  /** 1x1x3x3 image with the numbers 1 to 9. */
  private static Tensor image() {
    return Tensor.arange(1, 10, 1, DType.FLOAT64).reshape(1, 1, 3, 3);
  }

  private static Tensor kernel() {
    return Tensor.of(new double[] {1, 2, 3, 4}, 1, 1, 2, 2);
  }

  private static Tensor logits() {
    return Tensor.of(new double[] {0.3, -1.2, 2.0, 0.7, 0.1, -0.4}, 2, 3);
  }

  private static double mean(double... values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  static List<OperatorCase> all() {
    OperatorCase.Table t = new OperatorCase.Table();
    convolutions(t);
    pools(t);
    windows(t);
    norms(t);
    losses(t);
    others(t);
    return t.cases();
  }

  private static void convolutions(OperatorCase.Table t) {
    t.values(
        "conv1d(Tensor,Tensor,long,long,long,long)",
        () ->
            Tensor.of(new double[] {1, 2, 3, 4}, 1, 1, 4)
                .conv1d(Tensor.of(new double[] {1, 10}, 1, 1, 2), Tensor.of(0.5), 2, 0, 1, 1),
        21.5,
        43.5);
    t.values("conv2d(Tensor,Tensor)", () -> image().conv2d(kernel(), null), 37, 47, 67, 77);
    t.values(
        "conv2d(Tensor,Tensor,long,long)",
        () -> image().conv2d(kernel(), Tensor.of(1.0), 2, 1),
        5,
        19,
        37,
        78);
    t.values(
        "conv2d(Tensor,Tensor,long[],long[],long[],long)",
        () -> image().conv2d(kernel(), null, ONE_ONE, ZERO_ZERO, TWO_TWO, 1),
        1 + 2 * 3 + 3 * 7 + 4 * 9);
    t.values(
        "conv3d(Tensor,Tensor,long[],long[],long[],long)",
        () ->
            Tensor.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 1, 1, 2, 2, 2)
                .conv3d(
                    Tensor.ones(DType.FLOAT64, 1, 1, 2, 2, 2),
                    null,
                    new long[] {1, 1, 1},
                    new long[] {0, 0, 0},
                    new long[] {1, 1, 1},
                    1),
        36);
    // A transposed convolution is the transpose of the convolution: <conv(x), y> = <x, convT(y)>.
    t.check(
        "convTranspose2d(Tensor,Tensor,long[],long[],long[],long,long[])",
        () -> {
          Tensor y = Tensor.of(new double[] {0.5, -1, 2, 3}, 1, 1, 2, 2);
          Tensor back =
              y.convTranspose2d(kernel(), null, ONE_ONE, ZERO_ZERO, ZERO_ZERO, 1, ONE_ONE);
          double left = image().conv2d(kernel(), null).mul(y).sum().item();
          OperatorCase.assertValues(image().mul(back).sum(), left);
        });
  }

  private static void pools(OperatorCase.Table t) {
    t.values("maxPool2d(long,long)", () -> image().maxPool2d(2, 1), 5, 6, 8, 9);
    t.values(
        "maxPool2d(long[],long[],long[],long[])",
        () -> image().maxPool2d(TWO_TWO, TWO_TWO, ONE_ONE, ONE_ONE),
        1,
        3,
        7,
        9);
    t.values("avgPool2d(long,long)", () -> image().avgPool2d(2, 1), 3, 4, 6, 7);
    t.values(
        "avgPool2d(long[],long[],long[])",
        () -> image().avgPool2d(TWO_TWO, TWO_TWO, ONE_ONE),
        0.25,
        1.25,
        2.75,
        7);
    t.values("adaptiveAvgPool2d(long,long)", () -> image().adaptiveAvgPool2d(1, 1), 5);
    t.values(
        "interpolateNearest(long,long)",
        () -> Tensor.of(new double[] {1, 2}, 1, 1, 1, 2).interpolateNearest(2, 4),
        1,
        1,
        2,
        2,
        1,
        1,
        2,
        2);
  }

  private static void windows(OperatorCase.Table t) {
    t.same(
        "unfold(long[],long[],long[],long[])",
        () -> image().unfold(TWO_TWO, ONE_ONE, ZERO_ZERO, ONE_ONE),
        () -> Tensor.of(new double[] {1, 2, 4, 5, 2, 3, 5, 6, 4, 5, 7, 8, 5, 6, 8, 9}, 1, 4, 4));
    t.values(
        "fold(long[],long[],long[],long[],long[])",
        () ->
            Tensor.ones(DType.FLOAT64, 1, 4, 4)
                .fold(new long[] {3, 3}, TWO_TWO, ONE_ONE, ZERO_ZERO, ONE_ONE),
        1,
        2,
        1,
        2,
        4,
        2,
        1,
        2,
        1);
  }

  private static void norms(OperatorCase.Table t) {
    t.same(
        "layerNorm(long[],Tensor,Tensor,double)",
        () ->
            logits()
                .layerNorm(
                    new long[] {3}, Tensor.of(1.0, 2.0, 3.0), Tensor.of(0.1, 0.2, 0.3), 1e-3),
        () -> {
          Tensor centred = logits().sub(logits().mean(1, true));
          Tensor normal = centred.div(centred.square().mean(1, true).add(1e-3).sqrt());
          return normal.mul(Tensor.of(1.0, 2.0, 3.0)).add(Tensor.of(0.1, 0.2, 0.3));
        });
    t.same(
        "groupNorm(long,Tensor,Tensor,double)",
        () -> logits().reshape(1, 2, 3).groupNorm(2, null, null, 1e-3),
        () -> {
          Tensor centred = logits().sub(logits().mean(1, true));
          return centred.div(centred.square().mean(1, true).add(1e-3).sqrt()).reshape(1, 2, 3);
        });
    t.check(
        "batchNorm(Tensor,Tensor,Tensor,Tensor,boolean,double,double)",
        () -> {
          Tensor runningMean = Tensor.of(0.0, 0.0, 0.0);
          Tensor runningVar = Tensor.of(1.0, 1.0, 1.0);
          Tensor x = logits();
          Tensor got = x.batchNorm(null, null, runningMean, runningVar, true, 0.5, 1e-3);
          Tensor centred = x.sub(x.mean(0, true));
          Tensor want = centred.div(centred.square().mean(0, true).add(1e-3).sqrt());
          assertThat(got.allclose(want, 1e-12, 1e-12)).isTrue();
          OperatorCase.assertValues(
              runningMean, 0.5 * mean(0.3, 0.7), 0.5 * mean(-1.2, 0.1), 0.5 * mean(2.0, -0.4));
        });
  }

  private static void losses(OperatorCase.Table t) {
    t.same(
        "crossEntropy(Tensor,Reduction)",
        () -> logits().crossEntropy(Tensor.of(2, 0), Reduction.NONE),
        () -> logits().logsumexp(1, false).sub(Tensor.of(2.0, 0.7)));
    t.values(
        "nllLoss(Tensor,Reduction)", () -> logits().nllLoss(Tensor.of(2, 0), Reduction.SUM), -2.7);
    t.values(
        "binaryCrossEntropyWithLogits(Tensor,Reduction)",
        () -> Tensor.of(0.4).binaryCrossEntropyWithLogits(Tensor.of(0.3), Reduction.MEAN),
        0.3 * Math.log1p(Math.exp(-0.4)) + 0.7 * Math.log1p(Math.exp(0.4)));
    t.values("mseLoss(Tensor,Reduction)", () -> pair().mseLoss(zeros(), Reduction.MEAN), 4.625);
    t.values("l1Loss(Tensor,Reduction)", () -> pair().l1Loss(zeros(), Reduction.SUM), 3.5);
    t.values(
        "huberLoss(Tensor,Reduction,double)",
        () -> pair().huberLoss(zeros(), Reduction.NONE, 1),
        0.125,
        2.5);
    t.values(
        "smoothL1Loss(Tensor,Reduction,double)",
        () -> pair().smoothL1Loss(zeros(), Reduction.NONE, 2),
        0.0625,
        2);
    t.values(
        "klDiv(Tensor,Reduction,boolean)",
        () -> Tensor.of(Math.log(0.2)).klDiv(Tensor.of(0.5), Reduction.SUM, false),
        0.5 * Math.log(2.5));
  }

  private static Tensor pair() {
    return Tensor.of(0.5, -3.0);
  }

  private static Tensor zeros() {
    return Tensor.of(0.0, 0.0);
  }

  private static void others(OperatorCase.Table t) {
    t.check(
        "dropout(double,Rng)",
        () -> {
          try (Rng rng = Rng.seeded(5)) {
            Tensor x = Tensor.ones(DType.FLOAT64, 10_000).dropout(0.2, rng);
            assertThat(x.eq(0.0).logicalOr(x.sub(1.25).abs().lt(1e-12)).all().itemLong()).isOne();
            assertThat(x.mean().item()).isBetween(0.97, 1.03);
          }
        });
    t.values(
        "embedding(Tensor)",
        () -> logits().embedding(Tensor.of(1, 1, 0)),
        0.7,
        0.1,
        -0.4,
        0.7,
        0.1,
        -0.4,
        0.3,
        -1.2,
        2.0);
    t.values("glu(long)", () -> Tensor.of(3.0, 0.5).glu(0), 3 / (1 + Math.exp(-0.5)));
    t.check(
        "attention(Tensor,Tensor)",
        () -> {
          Tensor query = Tensor.of(new double[] {1, 0, 0, 0}, 1, 4);
          Tensor key = Tensor.of(new double[] {2, 0, 0, 0, 0, 1, 0, 0}, 2, 4);
          Tensor value = Tensor.of(new double[] {10, 20}, 2, 1);
          double weight = 1 / (1 + Math.exp(-1));
          OperatorCase.assertValues(query.attention(key, value), 10 * weight + 20 * (1 - weight));
        });
  }
}
