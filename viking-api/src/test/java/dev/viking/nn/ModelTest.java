package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Layouts, shapes and values of models. */
@ExtendWith(LiveHandles.class)
class ModelTest {
  @Test
  void leNetHasThePapersParameters() {
    ParameterLayout layout = LeNet.paper().layout();
    assertThat(layout.total()).isEqualTo(44_426);
    assertThat(layout.entries())
        .extracting(entry -> entry.name() + Arrays.toString(entry.shape()))
        .containsExactly(
            "conv1.weight[6, 1, 5, 5]",
            "conv1.bias[6]",
            "conv2.weight[16, 6, 5, 5]",
            "conv2.bias[16]",
            "fc1.weight[120, 256]",
            "fc1.bias[120]",
            "fc2.weight[84, 120]",
            "fc2.bias[84]",
            "fc3.weight[10, 84]",
            "fc3.bias[10]");
    assertThat(layout.entry("fc1.weight").offset()).isEqualTo(156 + 2416);
    assertThat(LeNet.paper().outputs()).isEqualTo(10);
  }

  @Test
  void slicesAreViewsInOrder() {
    try (Scope _ = Scope.open()) {
      ParameterLayout layout = Mlp.of(new int[] {2, 3, 1}, Activation.TANH).layout();
      Tensor flat = Tensor.arange(0, 13, 1, DType.FLOAT64);
      Tensor weight = layout.slice(flat, "fc1.weight");
      assertThat(weight.shape()).containsExactly(3, 2);
      assertThat(weight.toDoubleArray()).containsExactly(0, 1, 2, 3, 4, 5);
      Map<String, Tensor> all = layout.toMap(flat);
      assertThat(all.keySet()).containsExactly("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias");
      assertThat(all.get("fc2.weight").toDoubleArray()).containsExactly(9, 10, 11);
      assertThat(all.get("fc2.bias").toDoubleArray()).containsExactly(12);
      weight.fill_(-1);
      assertThat(flat.narrow(0, 0, 7).toDoubleArray()).containsExactly(-1, -1, -1, -1, -1, -1, 6);
    }
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void mlpAgreesWithPlainJava(Activation activation) {
    int[] sizes = {3, 5, 4, 2};
    Sequential model = Mlp.of(sizes, activation).withInitialiser(Initialisers.standardNormal());
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(1)) {
      Tensor parameters = model.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 4, 3);
      Tensor outputs = model.apply(parameters, inputs);
      assertThat(outputs.shape()).containsExactly(4, 2);
      for (int i = 0; i < 4; i++) {
        PlainNetwork plain = new PlainNetwork(parameters.toDoubleArray());
        double[] expected = plain.mlp(sizes, activation, inputs.select(0, i).toDoubleArray());
        assertThat(plain.used()).isEqualTo((int) model.layout().total());
        assertThat(outputs.select(0, i).toDoubleArray()).containsExactly(expected, within(1e-12));
      }
    }
  }

  @Test
  void leNetAgreesWithPlainJava() {
    Sequential model = LeNet.paper().withInitialiser(Initialisers.uniformFanIn());
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(2)) {
      Tensor parameters = model.initialise(rng, DType.FLOAT64, Device.CPU).mul(3.0);
      Tensor inputs = Tensor.rand(rng, DType.FLOAT64, 3, 1, 28, 28);
      Tensor outputs = model.apply(parameters, inputs);
      for (int i = 0; i < 3; i++) {
        PlainNetwork plain = new PlainNetwork(parameters.toDoubleArray());
        double[] expected = plain.leNet(inputs.select(0, i).flatten().toDoubleArray());
        assertThat(plain.used()).isEqualTo(44_426);
        assertThat(outputs.select(0, i).toDoubleArray()).containsExactly(expected, within(1e-12));
      }
    }
  }

  @Test
  void poolingBeforeAMonotoneActivationChangesNothing() {
    List<Layer> layers =
        List.of(
            new Conv2d("conv", 1, 2, 3, 2, 1),
            Activation.RELU,
            new MaxPool2d(2, 1),
            new Flatten(),
            new Linear("fc", 18, 2));
    Sequential model = Sequential.of(new long[] {1, 7, 7}, layers);
    assertThat(model.layers()).isEqualTo(layers);
    assertThat(model.plan().steps().get(1).layer()).isEqualTo(new MaxPool2d(2, 1));
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(3)) {
      Tensor parameters = model.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 5, 1, 7, 7);
      ParameterLayout layout = model.layout();
      Tensor inOrder =
          inputs
              .conv2d(
                  layout.slice(parameters, "conv.weight"),
                  layout.slice(parameters, "conv.bias"),
                  2,
                  1)
              .relu()
              .maxPool2d(2, 1)
              .flatten(1, -1)
              .linear(layout.slice(parameters, "fc.weight"), layout.slice(parameters, "fc.bias"));
      assertThat(model.apply(parameters, inputs).equal(inOrder)).isTrue();
    }
  }

  @Test
  void layersThatDoNotFitAreRefused() {
    assertThatThrownBy(
            () ->
                Sequential.of(
                    new long[] {4}, List.of(new Linear("a", 4, 3), new Linear("b", 5, 2))))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("Linear \"b\"")
        .hasMessageContaining("[3]")
        .hasMessageContaining("[5]");
    assertThatThrownBy(
            () ->
                Sequential.of(
                    new long[] {4}, List.of(new Linear("a", 4, 4), new Linear("a", 4, 4))))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("a.weight");
    assertThatThrownBy(() -> Sequential.of(new long[] {1, 8, 8}, List.of(new Conv2d("c", 1, 2, 3))))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("Flatten");
    assertThatThrownBy(() -> Sequential.of(new long[] {2}, List.of(Activation.TANH)))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new Conv2d("c", 1, 2, 0)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new Linear("a", 0, 2)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> Mlp.of(new int[] {3}, Activation.RELU))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new MaxPool2d(3).outputShape(new long[] {1, 2, 2}))
        .isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> LeNet.paper().layout().entry("conv3.weight"))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("conv3.weight")
        .hasMessageContaining("fc3.bias");
  }

  @Test
  void badTensorsAreRefused() {
    Sequential model = Mlp.of(new int[] {2, 3, 1}, Activation.TANH);
    try (Scope _ = Scope.open()) {
      Tensor parameters = Tensor.zeros(DType.FLOAT32, 13);
      Tensor inputs = Tensor.zeros(DType.FLOAT32, 4, 2);
      assertThatThrownBy(() -> model.apply(Tensor.zeros(DType.FLOAT32, 12), inputs))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[12]")
          .hasMessageContaining("[13]");
      assertThatThrownBy(() -> model.apply(parameters, Tensor.zeros(DType.FLOAT32, 4, 3)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[4, 3]")
          .hasMessageContaining("[any, 2]");
      assertThatThrownBy(() -> model.apply(parameters, Tensor.zeros(DType.FLOAT64, 4, 2)))
          .isInstanceOf(DTypeException.class)
          .hasMessageContaining("FLOAT64");
      assertThatThrownBy(() -> model.apply(Tensor.zeros(DType.INT64, 13), inputs))
          .isInstanceOf(DTypeException.class)
          .hasMessageContaining("INT64");
      inputs.close();
      assertThatThrownBy(() -> model.apply(parameters, inputs)).isInstanceOf(ClosedException.class);
      parameters.close();
      assertThatThrownBy(() -> model.layout().slice(parameters, "fc1.bias"))
          .isInstanceOf(ClosedException.class);
    }
  }

  @Test
  void lecunNormalIsTruncatedWithUnitGain() {
    Sequential model = Mlp.of(new int[] {400, 300, 1}, Activation.TANH);
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(4)) {
      Tensor parameters = model.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor weight = model.layout().slice(parameters, "fc1.weight").flatten();
      // 120,000 draws: the standard error of the mean is 0.003 of a standard deviation.
      assertThat(weight.mean().item()).isCloseTo(0, within(0.05 * 0.012));
      assertThat(weight.std(1).item()).isCloseTo(Math.sqrt(1.0 / 400), within(0.05 * 0.01));
      double cut = 2 * Math.sqrt(1.0 / 400) / 0.8796256610342398;
      assertThat(weight.abs().max().item()).isLessThanOrEqualTo(cut).isGreaterThan(0.99 * cut);
      assertThat(model.layout().slice(parameters, "fc1.bias").abs().max().item()).isZero();
      rng.reseed(4);
      assertThat(model.initialise(rng, DType.FLOAT64, Device.CPU).equal(parameters)).isTrue();
    }
  }

  @Test
  void otherInitialisersHaveTheirSpread() {
    Sequential model = Mlp.of(new int[] {100, 400, 1}, Activation.TANH);
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5)) {
      Tensor uniform =
          model
              .withInitialiser(Initialisers.uniformFanIn())
              .initialise(rng, DType.FLOAT32, Device.CPU);
      Tensor first = uniform.narrow(0, 0, 100 * 400 + 400);
      assertThat(first.abs().max().item()).isBetween(0.0999, 0.1);
      assertThat(first.std(1).item()).isCloseTo(0.1 / Math.sqrt(3), within(0.001));
      Tensor normal =
          model
              .withInitialiser(Initialisers.standardNormal())
              .initialise(rng, DType.FLOAT32, Device.CPU);
      assertThat(normal.std(1).item()).isCloseTo(1, within(0.02));
      assertThat(normal.abs().max().item()).isGreaterThan(3);
      assertThatThrownBy(() -> model.initialise(rng, DType.INT64, Device.CPU))
          .isInstanceOf(ArgumentException.class);
    }
  }
}
