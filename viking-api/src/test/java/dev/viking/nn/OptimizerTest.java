package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Optimisers against the published recurrences in plain Java. */
@ExtendWith(LiveHandles.class)
class OptimizerTest {
  private static final double RATE = 0.05;
  private static final int STEPS = 12;
  private static final double[] START = {1.5, -2, 0.25};

  /** One optimiser's recurrence for a single coordinate. */
  private interface Rule {
    double step(int t, double theta, double gradient);
  }

  /** The gradient of a function of one coordinate that is no quadratic. */
  private static double slope(int t, double theta) {
    return Math.sin(3 * theta) + theta + 0.1 * t;
  }

  private static double[] expected(Supplier<Rule> rules) {
    double[] theta = START.clone();
    for (int i = 0; i < theta.length; i++) {
      Rule rule = rules.get();
      for (int t = 1; t <= STEPS; t++) {
        theta[i] = rule.step(t, theta[i], slope(t, theta[i]));
      }
    }
    return theta;
  }

  private static double[] run(Optimizer optimizer, int from, int to, double[] start) {
    try (Scope _ = Scope.open()) {
      Tensor parameters = Tensor.of(start.clone());
      for (int t = from; t <= to; t++) {
        try (Scope _ = Scope.open()) {
          double[] gradient = parameters.toDoubleArray();
          for (int i = 0; i < gradient.length; i++) {
            gradient[i] = slope(t, gradient[i]);
          }
          optimizer.step(parameters, Tensor.of(gradient));
        }
      }
      return parameters.toDoubleArray();
    }
  }

  private static void check(Supplier<Optimizer> optimizers, Supplier<Rule> rules) {
    double[] expected = expected(rules);
    try (Optimizer optimizer = optimizers.get()) {
      assertThat(run(optimizer, 1, STEPS, START)).containsExactly(expected, within(1e-12));
      assertThat(optimizer.steps()).isEqualTo(STEPS);
    }
    // Interrupted in the middle and resumed from its state, it ends at the same place.
    try (Scope _ = Scope.open();
        Optimizer first = optimizers.get();
        Optimizer second = optimizers.get()) {
      double[] middle = run(first, 1, 7, START);
      second.restore(first.state());
      assertThat(run(second, 8, STEPS, middle)).containsExactly(expected, within(1e-12));
    }
  }

  private static Rule adam(double decay) {
    double[] average = new double[2];
    return (t, theta, g) -> {
      average[0] = 0.8 * average[0] + 0.2 * g;
      average[1] = 0.95 * average[1] + 0.05 * g * g;
      double first = average[0] / (1 - Math.pow(0.8, t));
      double second = average[1] / (1 - Math.pow(0.95, t));
      return theta * (1 - RATE * decay) - RATE * first / (Math.sqrt(second) + 1e-3);
    };
  }

  @Test
  void adamFollowsThePaper() {
    check(() -> new Adam(RATE, 0.8, 0.95, 1e-3), () -> adam(0));
  }

  @Test
  void adamWDecaysTheParametersApart() {
    check(() -> new AdamW(RATE, 0.8, 0.95, 1e-3, 0.3), () -> adam(0.3));
  }

  @Test
  void firstAdamStepIsTheLearningRate() {
    try (Scope _ = Scope.open();
        Optimizer adam = new Adam(0.1)) {
      Tensor parameters = Tensor.of(1.0, 1.0);
      adam.step(parameters, Tensor.of(1e-3, -20.0));
      assertThat(parameters.toDoubleArray()).containsExactly(new double[] {0.9, 1.1}, within(1e-5));
    }
  }

  @Test
  void rAdamRectifies() {
    check(
        () -> new RAdam(RATE, 0.8, 0.95, 1e-3),
        () -> {
          double[] average = new double[2];
          return (t, theta, g) -> {
            average[0] = 0.8 * average[0] + 0.2 * g;
            average[1] = 0.95 * average[1] + 0.05 * g * g;
            double first = average[0] / (1 - Math.pow(0.8, t));
            double power = Math.pow(0.95, t);
            double longest = 2 / 0.05 - 1;
            double length = longest - 2 * t * power / (1 - power);
            if (length <= 5) {
              return theta - RATE * first;
            }
            double ratio =
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length);
            double adaptive = Math.sqrt(1 - power) / (Math.sqrt(average[1]) + 1e-3);
            return theta - RATE * first * Math.sqrt(ratio) * adaptive;
          };
        });
  }

  @Test
  void sgdWithEachOption() {
    check(() -> new Sgd(RATE), () -> (t, theta, g) -> theta - RATE * g);
    check(
        () -> new Sgd(RATE, 0, false, 0.2),
        () -> (t, theta, g) -> theta - RATE * (g + 0.2 * theta));
    for (boolean nesterov : new boolean[] {false, true}) {
      check(
          () -> new Sgd(RATE, 0.9, nesterov, 0.2),
          () -> {
            double[] velocity = new double[1];
            return (t, theta, g) -> {
              double decayed = g + 0.2 * theta;
              velocity[0] = t == 1 ? decayed : 0.9 * velocity[0] + decayed;
              return theta - RATE * (nesterov ? decayed + 0.9 * velocity[0] : velocity[0]);
            };
          });
    }
  }

  @Test
  void learningRateCanChange() {
    try (Scope _ = Scope.open();
        Optimizer sgd = new Sgd(1)) {
      Tensor parameters = Tensor.of(1.0);
      sgd.step(parameters, Tensor.of(0.5));
      sgd.setLearningRate(0.1);
      sgd.step(parameters, Tensor.of(0.5));
      assertThat(parameters.item()).isCloseTo(0.45, within(1e-15));
      assertThat(sgd.learningRate()).isEqualTo(0.1);
    }
  }

  @Test
  void stateOutlivesTheScopeOfTheStep() {
    try (Scope _ = Scope.open();
        Optimizer adam = new Adam(0.1)) {
      Tensor parameters = Tensor.of(1.0);
      try (Scope _ = Scope.open()) {
        adam.step(parameters, Tensor.of(1.0));
      }
      adam.step(parameters, Tensor.of(1.0));
      Map<String, Tensor> state = adam.state();
      assertThat(state.keySet()).containsExactly("step", "exp_avg", "exp_avg_sq");
      assertThat(state.get("step").itemLong()).isEqualTo(2);
      assertThat(state.get("exp_avg").item()).isCloseTo(0.19, within(1e-12));
      assertThat(state.get("exp_avg_sq").item()).isCloseTo(0.001999, within(1e-12));
    }
  }

  @Test
  void badInputIsRefused() {
    try (Scope _ = Scope.open();
        Optimizer adam = new Adam(0.1)) {
      Tensor parameters = Tensor.of(1.0, 2.0);
      assertThatThrownBy(() -> adam.step(parameters, Tensor.of(1.0)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("Adam.step: gradient")
          .hasMessageContaining("[1]")
          .hasMessageContaining("[2]");
      assertThatThrownBy(() -> adam.step(parameters, Tensor.of(1f, 2f)))
          .isInstanceOf(DTypeException.class);
      assertThatThrownBy(() -> adam.step(Tensor.of(1L), Tensor.of(1L)))
          .isInstanceOf(DTypeException.class);
      assertThatThrownBy(
              () ->
                  adam.step(
                      Tensor.zeros(DType.FLOAT32, 2, 2).t(), Tensor.zeros(DType.FLOAT32, 2, 2)))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("contiguous");
      adam.step(parameters, Tensor.of(1.0, 1.0));
      assertThatThrownBy(() -> adam.step(Tensor.of(1.0), Tensor.of(1.0)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("exp_avg");
      assertThatThrownBy(() -> adam.restore(Map.of("step", Tensor.scalar(3))))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("exp_avg_sq");
      assertThatThrownBy(() -> adam.restore(Map.of())).isInstanceOf(ArgumentException.class);
      assertThat(adam.steps()).isEqualTo(1);
      Tensor closed = Tensor.of(1.0, 2.0);
      closed.close();
      assertThatThrownBy(() -> adam.step(parameters, closed)).isInstanceOf(ClosedException.class);
    }
  }

  @Test
  void closedOptimiserIsRefused() {
    Optimizer adam = new Adam(0.1);
    adam.close();
    adam.close();
    try (Scope _ = Scope.open()) {
      Tensor parameters = Tensor.of(1.0, 2.0);
      assertThatThrownBy(() -> adam.step(parameters, parameters))
          .isInstanceOf(ClosedException.class)
          .hasMessageContaining("optimiser");
      assertThatThrownBy(adam::state).isInstanceOf(ClosedException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
  void badOptionsAreRefused(double value) {
    assertThatThrownBy(() -> new Adam(value)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new Adam(1, value, 0.9, 0)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new AdamW(1, value)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new RAdam(1, 0.9, value, 0)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new Sgd(1, value, false, 0)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new Sgd(1, 0, true, 0)).isInstanceOf(ArgumentException.class);
  }
}
