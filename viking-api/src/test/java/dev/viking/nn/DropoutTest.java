package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.viking.func.Func;
import dev.viking.func.TensorFunction;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LiveHandles.class)
class DropoutTest {
  private static final double RATE = 0.3;

  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** For a linear model, dropout of the inputs is a penalty in expectation (Wager et al. 2013). */
  @Test
  void theExpectedLossOfALinearModelHasItsClosedForm() {
    Sequential model =
        Sequential.of(
            new long[] {3}, List.of(new Dropout(RATE), new Linear("fc", 3, 1).withoutBias()));
    double[] weights = {0.7, -1.2, 0.4};
    double[] input = {1.5, 0.5, -2};
    double target = 0.3;
    int count = 20_000;
    Tensor inputs = Tensor.of(input).unsqueeze(0).expand(count, 3).contiguous();
    Tensor targets = Tensor.full(new long[] {count, 1}, target, DType.FLOAT64, Device.CPU);
    Tensor losses =
        Losses.halfSquaredError()
            .perExample(
                Dropout.training(model, 5).apply(Tensor.of(weights), inputs).view(count, 1),
                targets);
    double error = -target;
    double penalty = 0;
    for (int i = 0; i < 3; i++) {
      error += weights[i] * input[i];
      penalty += weights[i] * weights[i] * input[i] * input[i];
    }
    double expected = 0.5 * (error * error + RATE / (1 - RATE) * penalty);
    double standardError = losses.std(1).item() / Math.sqrt(count);
    assertThat(losses.mean().item()).isCloseTo(expected, within(4 * standardError));
    // Four standard errors are far less than what leaving out the penalty or the scale would do.
    assertThat(4 * standardError).isLessThan(0.05 * penalty);
  }

  @Test
  void masksAreThoseOfTheKeyAndDifferBetweenExamplesAndLayers() {
    Dropout first = new Dropout(0.5);
    Sequential model =
        Sequential.of(
            new long[] {64},
            List.of(first, new Residual(List.of(new Dropout(0.5)), List.of()), Bias.of("b", 64)));
    Tensor ones = Tensor.ones(DType.FLOAT64, 2, 64);
    Tensor none = Tensor.zeros(DType.FLOAT64, 64);
    double[] values = Dropout.training(model, 1).apply(none, ones).toDoubleArray();
    // 2 (1 + 2) where both keep, 2 where the first does alone, 0 where it does not.
    assertThat(values).containsOnly(0, 2, 6).contains(0, 2, 6);
    assertThat(Dropout.training(model, 1).apply(none, ones).toDoubleArray()).isEqualTo(values);
    assertThat(Dropout.training(model, 2).apply(none, ones).toDoubleArray()).isNotEqualTo(values);
    assertThat(Arrays.copyOfRange(values, 0, 64)).isNotEqualTo(Arrays.copyOfRange(values, 64, 128));
  }

  @Test
  void derivativesAreThoseOfTheTransformsWithTheSameMasks() {
    Model model = Dropout.training(network(new Dropout(0.5)), 9);
    Loss loss = Losses.softmaxCrossEntropy();
    try (Rng rng = Rng.seeded(3)) {
      Tensor parameters = model.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 6, 4);
      Tensor labels = Tensor.of(new long[] {0, 1, 2, 0, 1, 2});
      TensorFunction sum = p -> loss.perExample(model.apply(p, inputs), labels).sum();
      Tensor vector = Tensor.randn(rng, DType.FLOAT64, parameters.numel());
      try (Linearisation point = Linearisation.of(model, loss, parameters, inputs, labels)) {
        close(point.lossGradient(null), Func.grad(sum, parameters));
        close(
            point.lossWeightedHvp(Tensor.ones(DType.FLOAT64, 1, 6), vector.unsqueeze(0)),
            Func.hvp(sum, parameters, vector).product());
        Tensor rows = point.lossJacobian();
        Tensor outputs = point.functionJacobian();
        for (int i = 0; i < 6; i++) {
          int example = i;
          close(
              rows.select(0, i),
              Func.grad(
                  p -> loss.perExample(model.apply(p, inputs), labels).select(0, example),
                  parameters));
          close(
              outputs.select(0, 3 * i + 1),
              Func.grad(p -> model.apply(p, inputs).select(0, example).select(0, 1), parameters));
        }
      }
    }
  }

  private static void close(Tensor value, Tensor expected) {
    assertThat(value.sub(expected).abs().max().item()).isLessThan(1e-12);
    assertThat(expected.abs().max().item()).isGreaterThan(1e-3);
  }

  private static Sequential network(Layer... between) {
    List<Layer> layers = new ArrayList<>(List.of(new Linear("a", 4, 5), Activation.TANH));
    layers.addAll(List.of(between));
    layers.add(new Linear("b", 5, 3));
    return Sequential.of(new long[] {4}, layers);
  }

  @Test
  void outsideOfTrainingItIsNotThere() {
    Sequential with = network(new Dropout(0.9));
    Sequential without = network();
    try (Rng rng = Rng.seeded(3)) {
      Tensor parameters = with.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 6, 4);
      Tensor labels = Tensor.of(new long[] {0, 1, 2, 0, 1, 2});
      Loss loss = Losses.softmaxCrossEntropy();
      assertThat(
              JacobianRows.loss(with, loss, parameters, inputs, labels).jacobian().toDoubleArray())
          .isEqualTo(
              JacobianRows.loss(without, loss, parameters, inputs, labels)
                  .jacobian()
                  .toDoubleArray());
      assertThat(with.apply(parameters, inputs).toDoubleArray())
          .isEqualTo(without.apply(parameters, inputs).toDoubleArray());
      assertThat(new Dropout(0.9).apply(List.of(), inputs).toDoubleArray())
          .isEqualTo(inputs.toDoubleArray());
    }
    assertThat(Dropout.training(without, 1)).isSameAs(without);
  }
}
