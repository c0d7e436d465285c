package dev.viking.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.bindings.viking_native_h;
import dev.viking.nn.LeNet;
import dev.viking.torch.Device;
import dev.viking.torch.NativeMemory;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each kernel against plain loops over doubles; derivatives against differences of those. */
class KernelsTest {
  private static final int BATCH = 32;
  private static final int SIZE = ReferenceLeNet.PARAMETERS;

  private static final ReferenceLeNet REFERENCE = new ReferenceLeNet(BATCH);
  private static final double[] PARAMETERS = doubles(Inputs.parameters(LeNet.paper().layout(), 1));
  private static final ReferenceLeNet SMOOTH = new ReferenceLeNet(BATCH, PARAMETERS);
  private static final double[] TANGENT = doubles(Inputs.floats(3, SIZE, 1, 0));
  private static final double[] COTANGENT = doubles(Inputs.floats(4, BATCH * 10, 1, 0));

  private static NativeMemory.Live before;

  @BeforeAll
  static void count() {
    before = NativeMemory.live(Device.CPU);
  }

  @AfterAll
  static void nothingLeft() {
    assertThat(NativeMemory.live(Device.CPU)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"add8", "add8_scope"})
  void addsEightNumbers(String name) {
    double[] sum = new double[8];
    Arrays.setAll(sum, i -> (float) (Inputs.unit(6, i) + Inputs.unit(7, i)));
    assertThat(result(name)).containsExactly(sum);
  }

  @Test
  void crossingsReachTheOtherSide() {
    assertThat(result("downcall")).containsExactly(viking_native_h.VK_ABI_VERSION());
    // The Java function succeeds and announces seven outputs.
    assertThat(result("upcall")).containsExactly(0, 7);
    assertThat(result("scope")).containsExactly(0);
    assertThat(result("jvp_of_identity")).containsExactly(doubles(Inputs.floats(7, 8, 1, 0)));
  }

  @Test
  void forwardIsTheNetwork() {
    close(result("forward"), REFERENCE.outputs(PARAMETERS), 1e-5);
  }

  @Test
  void jvpIsTheDerivativeAlongTheTangent() {
    double[] both = result("jvp");
    close(Arrays.copyOf(both, 320), REFERENCE.outputs(PARAMETERS), 1e-5);
    double[] along = ReferenceLeNet.along(SMOOTH::outputs, PARAMETERS, TANGENT);
    close(Arrays.copyOfRange(both, 320, 640), along, 1e-4);
  }

  @Test
  void vjpIsTheGradientAlongTheCotangent() {
    double[] gradient = Arrays.copyOfRange(result("vjp"), 320, 320 + SIZE);
    isGradientOf(p -> new double[] {dot(SMOOTH.outputs(p), COTANGENT)}, gradient, 1e-4);
  }

  @Test
  void gradientIsThatOfTheMeanLoss() {
    isGradientOf(KernelsTest::meanLoss, result("gradient"), 1e-4);
  }

  @Test
  void hvpIsTheGradientOfTheLossDerivativeAlongTheTangent() {
    isGradientOf(p -> ReferenceLeNet.along(KernelsTest::meanLoss, p, TANGENT), result("hvp"), 2e-3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"per_example_gradients", "per_example_gradients_generic"})
  void rowsAreTheGradientsOfTheLosses(String name) {
    isGradientOf(SMOOTH::losses, result(name), 1e-4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"jacobian", "jacobian_generic", "jacobian_jacrev"})
  void rowsAreTheGradientsOfTheOutputs(String name) {
    isGradientOf(SMOOTH::outputs, result(name), 1e-4);
  }

  @Test
  void mapStepTakesTheMeanLossAndItsGradient() {
    double[] result = result("map_step");
    close(Arrays.copyOf(result, 1), meanLoss(PARAMETERS), 1e-5);
    isGradientOf(KernelsTest::meanLoss, Arrays.copyOfRange(result, 1, 1 + SIZE), 1e-4);
  }

  /** Value, scales' derivatives and projection from their definitions. */
  @ParameterizedTest
  @ValueSource(strings = {"viking_step", "viking_step_fixed_projection"})
  void vikingStepIsTheObjective(String name) {
    double[] result = result(name);
    double[] kernel = Arrays.copyOfRange(result, 3 + SIZE, 3 + 2 * SIZE);
    double[] noise = doubles(Inputs.floats(5, SIZE, Math.sqrt(12.0), 0.0));
    double[] image = ReferenceLeNet.plus(noise, kernel, -1);

    // The kernel part changes no loss to first order and is orthogonal to the image part.
    double[] lossesAlong = ReferenceLeNet.along(SMOOTH::losses, PARAMETERS, kernel);
    double[] lossesAlongNoise = ReferenceLeNet.along(SMOOTH::losses, PARAMETERS, noise);
    assertThat(norm(lossesAlong)).isLessThan(1e-4 * norm(lossesAlongNoise));
    assertThat(dot(kernel, image)).isCloseTo(0, within(1e-5 * dot(noise, noise)));

    double logAlpha = VikingStepKernel.LOG_PRECISION;
    double logImage = VikingStepKernel.LOG_SCALE_IMAGE;
    double[] gradient = Arrays.copyOfRange(result, 1, 3 + SIZE);
    close(
        Arrays.copyOf(result, 1),
        new double[] {objective(kernel, image, logAlpha, logImage)},
        1e-5);
    double step = 1e-4;
    double byLogAlpha =
        (objective(kernel, image, logAlpha + step, logImage)
                - objective(kernel, image, logAlpha - step, logImage))
            / (2 * step);
    double byLogImage =
        (objective(kernel, image, logAlpha, logImage + step)
                - objective(kernel, image, logAlpha, logImage - step))
            / (2 * step);
    close(
        Arrays.copyOfRange(gradient, SIZE, SIZE + 2), new double[] {byLogAlpha, byLogImage}, 1e-3);
  }

  @Test
  void leavingOutTheProjectionsDerivativeChangesTheMeansGradientOnly() {
    double[] full = result("viking_step");
    double[] partial = result("viking_step_fixed_projection");
    double[] difference = ReferenceLeNet.plus(full, partial, -1);
    assertThat(norm(Arrays.copyOfRange(difference, 1, 1 + SIZE))).isGreaterThan(1e-3);
    assertThat(difference[0]).isZero();
    double[] rest = Arrays.copyOfRange(difference, 1 + SIZE, difference.length);
    assertThat(norm(rest)).isZero();
  }

  @Test
  void everyKernelRunsMoreThanOnceAndGivesTheSameAfterwards() {
    for (String name : Kernels.all().keySet()) {
      try (Kernel kernel = Kernels.make(name)) {
        double[] first = kernel.result();
        kernel.run(2);
        assertThat(Arrays.equals(kernel.result(), first)).as(name).isTrue();
      }
    }
  }

  @Test
  void anUnknownKernelIsRefused() {
    assertThatThrownBy(() -> Kernels.make("sub8"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("sub8")
        .hasMessageContaining("add8");
  }

  private static double[] result(String name) {
    try (Kernel kernel = Kernels.make(name)) {
      return kernel.result();
    }
  }

  private static double[] meanLoss(double[] parameters) {
    return new double[] {SMOOTH.meanLoss(parameters)};
  }

  // The data term at mean + sigma_ker k + sigma_im m and the divergence, 32 of 60,000 examples.
  private static double objective(
      double[] kernel, double[] image, double logAlpha, double logImage) {
    double[] sample =
        ReferenceLeNet.plus(
            ReferenceLeNet.plus(PARAMETERS, kernel, Math.exp(-0.5 * logAlpha)),
            image,
            Math.exp(logImage));
    double ratio = Math.exp(logAlpha + 2 * logImage);
    double divergence =
        0.5
            * (BATCH * (ratio - 1 - Math.log(ratio))
                + Math.exp(logAlpha) * dot(PARAMETERS, PARAMETERS));
    return BATCH * REFERENCE.meanLoss(sample)
        + BATCH / (double) VikingStepKernel.DATA_SIZE * divergence;
  }

  /** Rows times a direction must be the function's change along it, for several directions. */
  private static void isGradientOf(ReferenceLeNet.Function f, double[] rows, double tolerance) {
    for (int stream = 20; stream < 23; stream++) {
      double[] direction = doubles(Inputs.floats(stream, SIZE, 1, 0));
      double[] along = ReferenceLeNet.along(f, PARAMETERS, direction);
      assertThat(rows).hasSize(along.length * SIZE);
      double[] product = new double[along.length];
      for (int row = 0; row < product.length; row++) {
        for (int i = 0; i < SIZE; i++) {
          product[row] += rows[row * SIZE + i] * direction[i];
        }
      }
      close(product, along, tolerance);
    }
  }

  /** Differences at most the tolerance times the largest expected number. */
  private static void close(double[] actual, double[] expected, double tolerance) {
    double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    assertThat(largest).as("the expected numbers are not all zero").isPositive();
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).as("number %d", i).isCloseTo(expected[i], within(tolerance * largest));
    }
  }

  private static double dot(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
  }

  private static double norm(double[] a) {
    return Math.sqrt(dot(a, a));
  }

  private static double[] doubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }
}
