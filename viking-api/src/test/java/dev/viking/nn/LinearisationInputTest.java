package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.func.Func;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.IndexException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.NativeMemory;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Ownership, use inside transforms, models of a user's own, and bad input. */
@ExtendWith(LiveHandles.class)
class LinearisationInputTest {
  private static final Sequential MODEL = Mlp.of(new int[] {3, 4, 2}, Activation.TANH);
  private static final Loss LOSS = Losses.softmaxCrossEntropy();
  private static final long SIZE = MODEL.layout().total();

  /** The model as one that is not known to be made of layers. */
  private static Model opaque() {
    return new Model() {
      @Override
      public ParameterLayout layout() {
        return MODEL.layout();
      }

      @Override
      public Tensor apply(Tensor parameters, Tensor inputs) {
        return MODEL.apply(parameters, inputs);
      }

      @Override
      public Tensor initialise(Rng rng, DType dtype, Device device) {
        return MODEL.initialise(rng, dtype, device);
      }
    };
  }

  private static long live() {
    return NativeMemory.live(Device.CPU).handles();
  }

  @Test
  void closeFreesWhatWasSavedWithoutAScope() {
    Tensor parameters = Tensor.ones(DType.FLOAT64, SIZE);
    Tensor inputs = Tensor.ones(DType.FLOAT64, 2, 3);
    Tensor targets = Tensor.of(0L, 1L);
    long before = live();
    for (Model model : new Model[] {MODEL, opaque()}) {
      Linearisation point = Linearisation.of(model, LOSS, parameters, inputs, targets);
      Tensor gradient = point.lossGradient(null);
      Tensor rows = point.lossJacobian();
      point.close();
      point.close();
      assertThat(live()).isEqualTo(before + 2);
      assertThatThrownBy(point::outputs).isInstanceOf(ClosedException.class);
      assertThatThrownBy(point::losses).isInstanceOf(ClosedException.class);
      assertThatThrownBy(point::lossJacobian)
          .isInstanceOf(ClosedException.class)
          .hasMessageContaining("linearisation is closed");
      assertThatThrownBy(point::functionJacobian).isInstanceOf(ClosedException.class);
      assertThat(inputs.isClosed()).isFalse();
      gradient.close();
      rows.close();
    }
    parameters.close();
    inputs.close();
    targets.close();
  }

  @Test
  void onlyResultsStayInTheScope() {
    try (Scope scope = Scope.open()) {
      Tensor parameters = Tensor.ones(DType.FLOAT64, SIZE);
      Tensor inputs = Tensor.ones(DType.FLOAT64, 2, 3);
      Tensor targets = Tensor.of(0L, 1L);
      JacobianRows.loss(MODEL, LOSS, parameters, inputs, targets);
      assertThat(scope.size()).isEqualTo(3 + 3);
      Gradients.sum(MODEL, LOSS, parameters, inputs, targets);
      assertThat(scope.size()).isEqualTo(3 + 3 + 3);
    }
  }

  @Test
  void anyModelWorksByTransforms() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(1)) {
      Tensor parameters = MODEL.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 4, 3);
      Tensor targets = Tensor.of(0L, 1L, 1L, 0L);
      Tensor rows = JacobianRows.loss(opaque(), LOSS, parameters, inputs, targets).jacobian();
      Tensor expected = JacobianRows.loss(MODEL, LOSS, parameters, inputs, targets).jacobian();
      assertThat(rows.allclose(expected, 1e-12, 1e-14)).isTrue();
      Tensor generic = JacobianRows.genericFunction(MODEL, parameters, inputs).jacobian();
      assertThat(
              generic.allclose(
                  JacobianRows.function(opaque(), parameters, inputs).jacobian(), 1e-14, 1e-14))
          .isTrue();
    }
  }

  @Test
  void equalMaximaCountOnceAndTheFirstOfThem() {
    Sequential model =
        Sequential.of(
            new long[] {1, 9, 9},
            List.of(
                new Conv2d("c", 1, 2, 2),
                Activation.RELU,
                new MaxPool2d(2),
                new Flatten(),
                new Linear("f", 32, 2)));
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(3)) {
      // Small whole numbers: many windows have several equal values, from different patches.
      Tensor parameters = Tensor.randint(rng, -1, 2, model.layout().total()).to(DType.FLOAT64);
      Tensor inputs = Tensor.randint(rng, 0, 3, 6, 1, 9, 9).to(DType.FLOAT64);
      Tensor weight = model.layout().slice(parameters, "c.weight");
      Tensor maps = inputs.conv2d(weight, model.layout().slice(parameters, "c.bias"));
      Tensor tiles = maps.unfoldDim(2, 2, 2).unfoldDim(3, 2, 2).flatten(4, -1);
      Tensor largest = tiles.amax(new long[] {4}, true);
      assertThat(tiles.eq(largest).sum(4, false).gt(1.0).sum().itemLong()).isGreaterThan(30);
      Tensor rows = JacobianRows.function(model, parameters, inputs).jacobian();
      Tensor expected = JacobianRows.genericFunction(model, parameters, inputs).jacobian();
      assertThat(rows.equal(expected)).isTrue();
    }
  }

  @Test
  void gradientsCanBeDifferentiated() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(2)) {
      Tensor parameters = MODEL.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 4, 3);
      Tensor targets = Tensor.of(0L, 1L, 1L, 0L);
      Tensor vector = Tensor.randn(rng, DType.FLOAT64, SIZE);
      Tensor product =
          Func.jvp(
                  p -> Gradients.sum(MODEL, LOSS, p, inputs, targets).gradient(),
                  parameters,
                  vector)
              .tangent();
      Tensor expected =
          Func.hvp(p -> LOSS.perExample(MODEL.apply(p, inputs), targets).sum(), parameters, vector)
              .product();
      assertThat(product.allclose(expected, 1e-11, 1e-13)).isTrue();
    }
  }

  @Test
  void badInputIsRefusedBeforeAnythingIsComputed() {
    try (Scope scope = Scope.open()) {
      Tensor parameters = Tensor.zeros(DType.FLOAT64, SIZE);
      Tensor inputs = Tensor.zeros(DType.FLOAT64, 2, 3);
      Tensor labels = Tensor.of(0L, 1L);
      Tensor wrong = Tensor.of(0L, 2L);
      for (Model model : new Model[] {MODEL, opaque()}) {
        assertThatThrownBy(() -> Gradients.sum(model, LOSS, parameters, inputs, wrong))
            .isInstanceOf(IndexException.class)
            .hasMessageContaining("label 2");
        assertThatThrownBy(
                () ->
                    Gradients.sum(
                        model, LOSS, Tensor.zeros(DType.FLOAT64, SIZE - 1), inputs, labels))
            .isInstanceOf(ShapeException.class)
            .hasMessageContaining("[" + SIZE + "]");
        assertThatThrownBy(
                () -> JacobianRows.function(model, parameters, Tensor.zeros(DType.FLOAT64, 2, 4)))
            .isInstanceOf(ShapeException.class);
        assertThatThrownBy(
                () -> JacobianRows.function(model, parameters, Tensor.zeros(DType.FLOAT64, 0, 3)))
            .isInstanceOf(ShapeException.class)
            .hasMessageContaining("at least one example");
        assertThatThrownBy(
                () -> JacobianRows.function(model, parameters, Tensor.zeros(DType.FLOAT32, 2, 3)))
            .isInstanceOf(DTypeException.class);
        Linearisation point = Linearisation.of(model, parameters, inputs);
        assertThatThrownBy(point::losses)
            .isInstanceOf(ArgumentException.class)
            .hasMessageContaining("without a loss");
        assertThatThrownBy(point::lossJacobian).isInstanceOf(ArgumentException.class);
        assertThatThrownBy(() -> point.lossGradient(null)).isInstanceOf(ArgumentException.class);
        assertThatThrownBy(() -> point.functionJvp(Tensor.zeros(DType.FLOAT64, 1, SIZE + 1)))
            .isInstanceOf(ShapeException.class)
            .hasMessageContaining("functionJvp: vectors");
        assertThatThrownBy(() -> point.functionVjp(Tensor.zeros(DType.FLOAT64, 1, 2, 3)))
            .isInstanceOf(ShapeException.class)
            .hasMessageContaining("functionVjp: cotangents");
        assertThatThrownBy(
                () ->
                    point.functionWeightedHvp(
                        Tensor.zeros(DType.FLOAT64, 2, 4), Tensor.zeros(DType.FLOAT64, 1, SIZE)))
            .isInstanceOf(ShapeException.class)
            .hasMessageContaining("functionWeightedHvp: weights");
        point.close();
      }
      Tensor closed = Tensor.zeros(DType.FLOAT64, 2, 3);
      closed.close();
      assertThatThrownBy(() -> JacobianRows.function(MODEL, parameters, closed))
          .isInstanceOf(ClosedException.class);
      assertThat(scope.size()).isPositive();
    }
  }
}
