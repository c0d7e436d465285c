package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.viking.data.TwoMoons;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.Predictor;
import dev.viking.posterior.SavedPosterior;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the small programs and checks what they find against closed forms. */
class SmallProgramsTest {

  @Test
  void aSavedPosteriorPredictsTheMoons(@TempDir Path folder) {
    Path file = folder.resolve("moons.safetensors");
    assertThat(printed(() -> SavePosterior.main(new String[] {file.toString()})))
        .startsWith("saved 32 samples");
    TwoMoons moons = TwoMoons.generate(0);
    try (Scope _ = Scope.open()) {
      SavedPosterior saved = SavedPosterior.read(file);
      double[] probabilities =
          new Predictor(saved.requireModel(), Predictions.SAMPLED)
              .predict(saved.posterior(), saved.requireSamples(), moons.inputs(DType.FLOAT32))
              .outputs()
              .sigmoid()
              .mean(0)
              .toDoubleArray();
      double[] targets = moons.targets(DType.FLOAT64).toDoubleArray();
      int right = 0;
      for (int i = 0; i < targets.length; i++) {
        right += (probabilities[i] > 0.5) == (targets[i] > 0.5) ? 1 : 0;
      }
      assertThat(right).isGreaterThan(targets.length * 9 / 10);
    }
  }

  @Test
  void perExampleGradientsOfALinearModel() {
    try (Scope _ = Scope.open()) {
      double[] w = {0.5, -1.0};
      double[][] x = {{1, 2}, {3, -1}, {0, 4}};
      double[] y = {1, 0, -2};
      Tensor found =
          PerExampleGradients.gradients(
              Tensor.of(w), Tensor.of(new double[] {1, 2, 3, -1, 0, 4}, 3, 2), Tensor.of(y));
      double[] rows = found.toDoubleArray();
      for (int i = 0; i < x.length; i++) {
        double residual = w[0] * x[i][0] + w[1] * x[i][1] - y[i];
        assertThat(rows[2 * i]).isCloseTo(2 * residual * x[i][0], within(1e-12));
        assertThat(rows[2 * i + 1]).isCloseTo(2 * residual * x[i][1], within(1e-12));
      }
    }
  }

  @Test
  void jacobianOfPolarCoordinates() {
    double cos = Math.cos(0.5);
    double sin = Math.sin(0.5);
    String printed = printed(() -> JacobianOfLambda.main(new String[0]));
    assertThat(printed.lines()).hasSize(2);
    double[] expected = {cos, -2 * sin, sin, 2 * cos};
    for (String line : printed.lines().toList()) {
      String[] numbers = line.replaceAll(".*\\[|]", "").split(", ", -1);
      for (int i = 0; i < expected.length; i++) {
        assertThat(Double.parseDouble(numbers[i])).isCloseTo(expected[i], within(1e-12));
      }
    }
  }

  @Test
  void curvatureOfRosenbrock() {
    // At (-1, 1) along x: value 4, slope -2 (1 - x) - 400 x (y - x^2), curvature 2 - 400 y + 1200
    // x^2.
    assertThat(printed(() -> CurvatureAlongDirection.main(new String[0])).strip())
        .isEqualTo("value 4.0, slope -4.0, curvature 802.0");
  }

  @Test
  void perExampleGradientsPrintsFourRows() {
    assertThat(printed(() -> PerExampleGradients.main(new String[0])).lines()).hasSize(4);
  }

  private static String printed(Runnable program) {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      System.setOut(out);
      program.run();
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
