package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.nn.Activation;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(LiveHandles.class)
class SgldTest {
  private static final Sequential LINE = Mlp.of(new int[] {1, 1}, Activation.TANH);
  private static final double NOISE = 0.5;
  private static final double PRIOR = 2;

  /** Weight and bias of a line through points at x = 1 and x = -1: the posterior's axes. */
  private static FitContext line(long seed) {
    Tensor inputs = Tensor.of(new double[] {1, -1, 1, -1}, 4, 1);
    Tensor targets = Tensor.of(new double[] {1.0, -0.8, 1.6, -0.4}, 4, 1);
    return FitContext.of(LINE, Losses.gaussian(NOISE), TrainingData.of(inputs, targets), seed)
        .on(DType.FLOAT64, Device.CPU);
  }

  private static Sgld constant(int steps, double rate, double temperature) {
    return new Sgld(
        "SGLD",
        steps,
        4,
        rate,
        Sgld.Schedule.CONSTANT,
        1,
        1000,
        steps - 1000,
        PRIOR,
        temperature,
        false);
  }

  @ParameterizedTest
  @CsvSource({"1", "0.25"})
  void theStationaryMomentsAreThoseOfLangevinStepsOnAQuadratic(double temperature) {
    // Both eigenvalues of the posterior's precision: sum of x^2 / noise^2 and the prior's.
    double precision = 4 / (NOISE * NOISE) + PRIOR;
    double rate = 0.5 * 4 / (2 * precision); // one step is 2 l / N = 0.5 / precision
    try (Scope _ = Scope.open()) {
      Tensor states = constant(11_000, rate, temperature).fit(line(1)).parameters();
      double weight = (1.0 + 0.8 + 1.6 + 0.4) / (NOISE * NOISE) / precision;
      double bias = (1.0 - 0.8 + 1.6 - 0.4) / (NOISE * NOISE) / precision;
      // Of theta' = a theta + noise with a = 1 - step precision / 2 and noise variance T step.
      double step = 0.5 / precision;
      double shrink = 1 - step * precision / 2;
      double variance = temperature * step / (1 - shrink * shrink);
      double[] mean = states.mean(0).toDoubleArray();
      double[] found = states.var(new long[] {0}, 1, false).toDoubleArray();
      double[] expected = {weight, bias};
      for (int i = 0; i < 2; i++) {
        assertThat(mean[i]).isCloseTo(expected[i], within(6 * Math.sqrt(variance * 7 / 10_000)));
        // Without the bias of finite steps it would be 1 / precision, 12.5 % less.
        assertThat(found[i] / variance).isCloseTo(1, within(0.1));
      }
      Tensor centred = states.sub(states.mean(0));
      double covariance = centred.select(1, 0).mul(centred.select(1, 1)).mean().item();
      assertThat(covariance / variance).isCloseTo(0, within(0.06));
    }
  }

  @Test
  void preconditionedStepsKeepThePosteriorsOfEachScale() {
    // A narrow and a wide direction: with one step size for both the narrow one would diverge.
    try (Scope _ = Scope.open()) {
      Tensor inputs = Tensor.of(new double[] {10, -10, 10, -10}, 4, 1);
      Tensor targets = Tensor.of(new double[] {1.0, 0.2, 1.6, -0.4}, 4, 1);
      FitContext context =
          FitContext.of(LINE, Losses.gaussian(NOISE), TrainingData.of(inputs, targets), 3)
              .on(DType.FLOAT64, Device.CPU);
      Sgld method =
          new Sgld(
              "pSGLD", 11_000, 4, 0.02, Sgld.Schedule.CONSTANT, 1, 1000, 10_000, PRIOR, 1, true);
      double[] found =
          method.fit(context).parameters().var(new long[] {0}, 1, false).toDoubleArray();
      double narrow = 1 / (400 / (NOISE * NOISE) + PRIOR);
      double wide = 1 / (4 / (NOISE * NOISE) + PRIOR);
      double[] expected = {narrow, wide};
      for (int i = 0; i < 2; i++) {
        // The metric moves with the state, and its derivative is left out.
        assertThat(found[i] / expected[i]).isBetween(0.6, 1.7);
      }
    }
  }

  @Test
  void statesAreKeptAtEqualDistancesAfterTheBurnIn() {
    Sgld method = new Sgld("SGLD", 10, 4, 0.1, Sgld.Schedule.CONSTANT, 1, 4, 3, 1, 1, false);
    assertThat(kept(method, 100)).containsExactly(59L, 79L, 99L);
  }

  @Test
  void cyclicStatesLieInTheLastFifthOfEachCycle() {
    Sgld method = Sgld.cyclic(10, 4, 0.1, 2, 2, 1);
    assertThat(kept(method, 100)).containsExactly(44L, 49L, 94L, 99L);
    assertThat(method.rate(0, 100)).isEqualTo(0.1);
    assertThat(method.rate(25, 100)).isCloseTo(0.05, within(1e-12));
    assertThat(method.rate(49, 100))
        .isCloseTo(0.05 * (1 + Math.cos(Math.PI * 0.98)), within(1e-12));
    assertThat(method.rate(50, 100)).isEqualTo(0.1);
  }

  private static long[] kept(Sgld method, long steps) {
    return LongStream.range(0, steps).filter(step -> method.isSample(step, steps)).toArray();
  }

  @Test
  void settingsThatCannotBeAreRefused() {
    assertThatThrownBy(() -> Sgld.cyclic(10, 4, -1, 2, 2, 1))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("learningRate is -1.0");
    assertThatThrownBy(
            () -> new Sgld("SGLD", 10, 4, 0.1, Sgld.Schedule.CYCLIC, 2, 0, 3, 1, 1, false))
        .hasMessageContaining("a multiple of the 2 cycles is needed");
    assertThatThrownBy(
            () -> new Sgld("SGLD", 10, 4, 0.1, Sgld.Schedule.CONSTANT, 1, 10, 3, 1, 1, false))
        .hasMessageContaining("burnInEpochs is 10");
    try (Scope _ = Scope.open()) {
      FitContext context = line(1);
      assertThatThrownBy(() -> Sgld.cyclic(10, 4, 0.1, 2, 9, 1).fit(context))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("10 steps leave room for");
    }
  }
}
