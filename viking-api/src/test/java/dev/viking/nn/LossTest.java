package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.func.Func;
import dev.viking.func.HvpMode;
import dev.viking.func.VmapOptions;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.IndexException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses against their definitions in plain Java and against the transforms of themselves. */
@ExtendWith(LiveHandles.class)
class LossTest {
  private static final long BATCH = 6;

  /** A loss with the number of outputs it is tried with and one example's value in plain Java. */
  record Case(String name, Loss loss, long outputs, Definition definition) {
    @Override
    public String toString() {
      return name;
    }

    Tensor targets(Rng rng) {
      if (name.startsWith("softmax")) {
        return Tensor.randint(rng, 0, outputs, BATCH);
      }
      return name.equals("sigmoid")
          ? Tensor.randint(rng, 0, 2, BATCH).to(DType.FLOAT64)
          : Tensor.randn(rng, DType.FLOAT64, BATCH, outputs);
    }
  }

  private interface Definition {
    double value(double[] outputs, double[] target);
  }

  private static double squared(double[] outputs, double[] target) {
    double sum = 0;
    for (int c = 0; c < outputs.length; c++) {
      sum += (outputs[c] - target[c]) * (outputs[c] - target[c]);
    }
    return sum;
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case(
            "softmax",
            Losses.softmaxCrossEntropy(),
            4,
            (z, y) -> {
              double sum = 0;
              for (double value : z) {
                sum += Math.exp(value);
              }
              return -Math.log(Math.exp(z[(int) y[0]]) / sum);
            }),
        new Case(
            "softmax on devices",
            DeviceLosses.softmaxCrossEntropy(),
            4,
            (z, y) -> Math.log(DoubleStream.of(z).map(Math::exp).sum()) - z[(int) y[0]]),
        new Case(
            "sigmoid",
            Losses.sigmoidBinaryCrossEntropy(),
            1,
            (z, y) -> {
              double p = 1 / (1 + Math.exp(-z[0]));
              return -y[0] * Math.log(p) - (1 - y[0]) * Math.log(1 - p);
            }),
        new Case("squared", Losses.halfSquaredError(), 3, (z, y) -> squared(z, y) / 2),
        new Case(
            "gaussian",
            Losses.gaussian(0.3),
            2,
            (z, y) -> squared(z, y) / (2 * 0.09) + 2 * Math.log(0.3 * Math.sqrt(2 * Math.PI))));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void hasTheDefinitionsValue(Case given) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(1)) {
      Tensor outputs = Tensor.randn(rng, DType.FLOAT64, BATCH, given.outputs());
      Tensor targets = given.targets(rng);
      Tensor values = given.loss().perExample(outputs, targets);
      assertThat(values.shape()).containsExactly(BATCH);
      Tensor plainTargets = targets.to(DType.FLOAT64).reshape(BATCH, -1);
      for (int i = 0; i < BATCH; i++) {
        double expected =
            given
                .definition()
                .value(
                    outputs.select(0, i).toDoubleArray(),
                    plainTargets.select(0, i).toDoubleArray());
        assertThat(values.select(0, i).item()).isCloseTo(expected, within(1e-12));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void closedFormsAreTheTransforms(Case given) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(2)) {
      Tensor outputs = Tensor.randn(rng, DType.FLOAT64, BATCH, given.outputs()).mul(3.0);
      Tensor targets = given.targets(rng);
      Tensor vectors = Tensor.randn(rng, DType.FLOAT64, BATCH, given.outputs());
      Loss loss = given.loss();
      Loss generic = (z, y) -> loss.perExample(z, y); // without the closed forms
      Loss.Derivative closed = loss.derivative(outputs, targets);
      Loss.Derivative taken = generic.derivative(outputs, targets);
      assertThat(closed.losses().allclose(taken.losses(), 1e-13, 1e-13)).isTrue();
      assertThat(closed.gradient().allclose(taken.gradient(), 1e-12, 1e-13)).isTrue();
      Tensor product = loss.hessianProduct(outputs, targets, vectors);
      assertThat(product.allclose(generic.hessianProduct(outputs, targets, vectors), 1e-12, 1e-13))
          .isTrue();
      Tensor forward =
          Func.hvp(
                  z -> loss.perExample(z, targets).sum(),
                  outputs,
                  vectors,
                  HvpMode.FORWARD_OVER_REVERSE)
              .product();
      assertThat(product.allclose(forward, 1e-12, 1e-13)).isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void worksForOneExampleAtATimeUnderVmap(Case given) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(3)) {
      Tensor outputs = Tensor.randn(rng, DType.FLOAT64, BATCH, given.outputs());
      Tensor targets = given.targets(rng);
      Tensor rows =
          Func.vmap(
                  pair ->
                      List.of(
                          given
                              .loss()
                              .perExample(pair.get(0).unsqueeze(0), pair.get(1).unsqueeze(0))
                              .squeeze(0)),
                  VmapOptions.defaults())
              .apply(List.of(outputs, targets))
              .getFirst();
      assertThat(rows.allclose(given.loss().perExample(outputs, targets), 1e-14, 1e-14)).isTrue();
    }
  }

  @Test
  void largeLogitsStayFinite() {
    try (Scope _ = Scope.open()) {
      Tensor losses =
          Losses.sigmoidBinaryCrossEntropy()
              .perExample(Tensor.of(new float[] {200, -200, 30}, 3, 1), Tensor.of(0f, 1f, 1f));
      assertThat(losses.toDoubleArray())
          .containsExactly(new double[] {200, 200, Math.exp(-30)}, within(1e-6));
      Tensor softmax =
          Losses.softmaxCrossEntropy()
              .perExample(Tensor.of(new float[] {500, -500}, 1, 2), Tensor.of(1L));
      assertThat(softmax.item()).isEqualTo(1000);
    }
  }

  @Test
  void acceptsTargetsWithAndWithoutTheOutputDimension() {
    try (Scope _ = Scope.open()) {
      Tensor outputs = Tensor.of(new double[] {1, 2}, 2, 1);
      for (Loss loss : List.of(Losses.halfSquaredError(), Losses.sigmoidBinaryCrossEntropy())) {
        Tensor flat = Tensor.of(0.0, 1.0);
        assertThat(loss.perExample(outputs, flat).equal(loss.perExample(outputs, flat.view(2, 1))))
            .isTrue();
        assertThat(
                loss.derivative(outputs, flat)
                    .gradient()
                    .equal(loss.derivative(outputs, flat.view(2, 1)).gradient()))
            .isTrue();
      }
    }
  }

  @Test
  void labelsNobodyLooksAtMakeTheirOwnExampleNotANumber() {
    try (Scope _ = Scope.open()) {
      Loss loss = DeviceLosses.softmaxCrossEntropy();
      Tensor outputs = Tensor.of(new double[] {1, 2, 3, 1, 2, 3, 1, 2, 3}, 3, 3);
      Tensor targets = Tensor.of(-1L, 2L, 3L);
      Loss.Derivative wrong = loss.derivative(outputs, targets);
      Loss.Derivative right =
          Losses.softmaxCrossEntropy().derivative(outputs, Tensor.of(0L, 2L, 2L));
      for (Tensor losses : List.of(wrong.losses(), loss.perExample(outputs, targets))) {
        assertThat(losses.toDoubleArray())
            .containsExactly(
                new double[] {Double.NaN, right.losses().toDoubleArray()[1], Double.NaN},
                within(1e-14));
      }
      assertThat(wrong.gradient().select(0, 1).equal(right.gradient().select(0, 1))).isTrue();
      assertThat(wrong.gradient().select(0, 0).toDoubleArray()).containsOnly(Double.NaN);
      assertThat(wrong.gradient().select(0, 2).toDoubleArray()).containsOnly(Double.NaN);
      assertThatThrownBy(() -> loss.checkValues(outputs, targets))
          .isInstanceOf(IndexException.class)
          .hasMessageContaining("label -1 in targets of shape [3], labels in [0, 3) needed");
    }
  }

  @Test
  void badTargetsAreRefused() {
    try (Scope _ = Scope.open()) {
      Tensor outputs = Tensor.zeros(DType.FLOAT32, 2, 3);
      Loss softmax = Losses.softmaxCrossEntropy();
      for (long label : new long[] {-1, 3, Long.MAX_VALUE}) {
        assertThatThrownBy(() -> softmax.perExample(outputs, Tensor.of(0L, label)))
            .isInstanceOf(IndexException.class)
            .hasMessageContaining("label " + label)
            .hasMessageContaining("[0, 3)");
      }
      assertThatThrownBy(() -> softmax.perExample(outputs, Tensor.of(0f, 1f)))
          .isInstanceOf(DTypeException.class)
          .hasMessageContaining("FLOAT32")
          .hasMessageContaining("INT64");
      assertThatThrownBy(() -> softmax.perExample(outputs, Tensor.of(0L, 1L, 2L)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[3]")
          .hasMessageContaining("[2]");
      assertThatThrownBy(() -> softmax.perExample(Tensor.zeros(DType.FLOAT32, 3), Tensor.of(0L)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("outputs");
      assertThatThrownBy(
              () -> Losses.sigmoidBinaryCrossEntropy().perExample(outputs, Tensor.of(0f, 1f)))
          .isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> Losses.halfSquaredError().perExample(outputs, Tensor.of(0f, 1f)))
          .isInstanceOf(ShapeException.class);
      assertThatThrownBy(
              () ->
                  Losses.halfSquaredError().perExample(outputs, Tensor.zeros(DType.FLOAT64, 2, 3)))
          .isInstanceOf(DTypeException.class);
      assertThatThrownBy(() -> Losses.gaussian(0)).isInstanceOf(ArgumentException.class);
      assertThatThrownBy(() -> Losses.gaussian(Double.NaN)).isInstanceOf(ArgumentException.class);
    }
  }
}
