package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Op;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Constants of batch norms, read, replaced and estimated. */
@ExtendWith(LiveHandles.class)
class BatchStatisticsTest {
  private static final Op BATCH_NORM = Op.of("aten::batch_norm", "");

  private static Sequential model() {
    return Sequential.of(
        new long[] {2, 6, 6},
        List.of(
            new Conv2d("conv", 2, 3, 3, 1, 1),
            new BatchNorm2d("bn1", 3),
            Activation.RELU,
            new Residual(
                List.of(new Conv2d("inner", 3, 3, 3, 1, 1), new BatchNorm2d("bn2", 3)),
                List.of(new BatchNorm2d("beside", 3, 0.1))),
            new GlobalAvgPool2d(),
            new Linear("fc", 3, 2)));
  }

  @Test
  void replacedByName() {
    Sequential model = model();
    assertThat(BatchStatistics.of(model).keySet()).containsExactly("bn1", "bn2", "beside");
    assertThat(BatchStatistics.of(model).get("bn2")).isEqualTo(ChannelStatistics.standard(3));
    ChannelStatistics other = new ChannelStatistics(new double[] {1, 2, 3}, new double[] {4, 5, 6});
    Sequential changed = BatchStatistics.with(model, Map.of("beside", other));
    assertThat(BatchStatistics.of(changed).get("beside")).isEqualTo(other);
    assertThat(BatchStatistics.of(changed).get("bn1")).isEqualTo(ChannelStatistics.standard(3));
    assertThat(changed.layout().entries()).isEqualTo(model.layout().entries());
    assertThat(BatchStatistics.of(model).get("beside")).isEqualTo(ChannelStatistics.standard(3));
  }

  @Test
  void estimatedFromOneBatchTheyNormaliseItAsInTraining() {
    Sequential model = model().withInitialiser(Initialisers.uniformFanIn());
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(3)) {
      Tensor drawn = model.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor parameters = drawn.addScaled(Tensor.randn(rng, DType.FLOAT64, drawn.numel()), 0.3);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 5, 2, 6, 6).add(0.7);
      Map<String, Tensor> named = model.layout().toMap(parameters);
      // libtorch's own norm in training mode.
      Tensor x = inputs.conv2d(named.get("conv.weight"), named.get("conv.bias"), 1, 1);
      x = trained(x, named, "bn1", 1e-5).relu();
      Tensor main = x.conv2d(named.get("inner.weight"), named.get("inner.bias"), 1, 1);
      Tensor sum = trained(main, named, "bn2", 1e-5).add(trained(x, named, "beside", 0.1));
      Tensor expected = sum.mean(2, 3).linear(named.get("fc.weight"), named.get("fc.bias"));
      Sequential estimated = BatchStatistics.estimate(model, parameters, List.of(inputs));
      Tensor outputs = estimated.apply(parameters, inputs);
      assertThat(outputs.sub(expected).abs().max().item()).isLessThan(1e-12);
      assertThat(model.apply(parameters, inputs).sub(expected).abs().max().item())
          .isGreaterThan(1e-3);
    }
  }

  /** Value and gradient in training mode against transforms of libtorch's own norm. */
  @Test
  void inTrainingModeGradientsGoThroughTheBatchsStatistics() {
    Sequential model = model().withInitialiser(Initialisers.uniformFanIn());
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(4)) {
      Tensor drawn = model.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor parameters = drawn.addScaled(Tensor.randn(rng, DType.FLOAT64, drawn.numel()), 0.3);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 5, 2, 6, 6).add(0.7);
      long classes = model.outputs();
      Tensor labels = Tensor.randint(rng, 0, classes, 5);
      Loss loss = Losses.softmaxCrossEntropy();
      Sequential training = BatchStatistics.training(model);
      assertThat(BatchStatistics.of(training)).isEqualTo(BatchStatistics.of(model));
      Sequential estimated = BatchStatistics.estimate(model, parameters, List.of(inputs));
      Tensor expected = estimated.apply(parameters, inputs);
      assertThat(training.apply(parameters, inputs).sub(expected).abs().max().item())
          .isLessThan(1e-12);

      Gradients.Result result = Gradients.mean(training, loss, parameters, inputs, labels);
      assertThat(result.outputs().sub(expected).abs().max().item()).isLessThan(1e-12);
      for (int k = 0; k < 4; k++) {
        Tensor direction = Tensor.randn(rng, DType.FLOAT64, parameters.numel());
        double h = 1e-6;
        // Statistics estimated anew at each place: what training mode does, by other code.
        double up = lossAt(model, loss, parameters.addScaled(direction, h), inputs, labels);
        double down = lossAt(model, loss, parameters.addScaled(direction, -h), inputs, labels);
        assertThat((up - down) / (2 * h))
            .isCloseTo(result.gradient().dot(direction).item(), within(1e-7));
      }
      Tensor fixed = Gradients.mean(estimated, loss, parameters, inputs, labels).gradient();
      assertThat(fixed.sub(result.gradient()).abs().max().item()).isGreaterThan(1e-3);
      try (Linearisation at = Linearisation.of(training, loss, parameters, inputs, labels)) {
        Tensor vector = Tensor.ones(DType.FLOAT64, 1, parameters.numel());
        assertThatThrownBy(at::lossJacobian)
            .isInstanceOf(ArgumentException.class)
            .hasMessageContaining("is in training mode");
        assertThatThrownBy(() -> at.lossRows(1 << 20)).isInstanceOf(ArgumentException.class);
        assertThatThrownBy(at::functionJacobian).isInstanceOf(ArgumentException.class);
        assertThatThrownBy(() -> at.functionJvp(vector)).isInstanceOf(ArgumentException.class);
        assertThatThrownBy(() -> at.lossWeightedHvp(Tensor.ones(DType.FLOAT64, 1, 5), vector))
            .isInstanceOf(ArgumentException.class);
      }
    }
  }

  private static double lossAt(
      Sequential model, Loss loss, Tensor parameters, Tensor inputs, Tensor labels) {
    Sequential estimated = BatchStatistics.estimate(model, parameters, List.of(inputs));
    return loss.perExample(estimated.apply(parameters, inputs), labels).mean().item();
  }

  private static Tensor trained(Tensor x, Map<String, Tensor> named, String name, double epsilon) {
    return BATCH_NORM.call(
        x,
        named.get(name + ".weight"),
        named.get(name + ".bias"),
        null,
        null,
        true,
        0.1,
        epsilon,
        false);
  }

  @Test
  void batchesCountAlike() {
    Sequential model =
        Sequential.of(
            new long[] {1, 1, 2},
            List.of(new BatchNorm2d("bn", 1), new Flatten(), new Linear("fc", 2, 1)));
    try (Scope _ = Scope.open()) {
      Tensor parameters = Tensor.ones(DType.FLOAT64, model.layout().total());
      Tensor first = Tensor.of(new double[] {1, 3}, 1, 1, 1, 2);
      Tensor second = Tensor.of(new double[] {6, 6, 10, 10}, 2, 1, 1, 2);
      Sequential estimated = BatchStatistics.estimate(model, parameters, List.of(first, second));
      ChannelStatistics found = BatchStatistics.of(estimated).get("bn");
      assertThat(found).isNotNull();
      assertThat(found.mean()).containsExactly(new double[] {5}, within(1e-12));
      assertThat(found.variance()).containsExactly(new double[] {2.5}, within(1e-12));
    }
  }

  @Test
  void badArgumentsAreRefused() {
    Sequential model = model();
    ChannelStatistics three = ChannelStatistics.standard(3);
    assertThatThrownBy(() -> BatchStatistics.with(model, Map.of("bn7", three)))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("bn7")
        .hasMessageContaining("beside");
    assertThatThrownBy(
            () -> BatchStatistics.with(model, Map.of("bn1", ChannelStatistics.standard(4))))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("bn1")
        .hasMessageContaining("4");
    assertThatThrownBy(() -> new ChannelStatistics(new double[2], new double[3]))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new ChannelStatistics(new double[1], new double[] {-1}))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("-1");
    assertThatThrownBy(() -> new ChannelStatistics(new double[] {Double.NaN}, new double[1]))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("NaN");
    try (Scope _ = Scope.open()) {
      Tensor parameters = Tensor.zeros(DType.FLOAT32, model.layout().total());
      assertThatThrownBy(() -> BatchStatistics.estimate(model, parameters, List.of()))
          .isInstanceOf(ArgumentException.class);
      Tensor wrong = Tensor.zeros(DType.FLOAT32, 4, 2, 5, 6);
      assertThatThrownBy(() -> BatchStatistics.estimate(model, parameters, List.of(wrong)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[4, 2, 5, 6]");
    }
  }
}
