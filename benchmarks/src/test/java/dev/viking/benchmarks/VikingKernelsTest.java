package dev.viking.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.nn.JacobianRows;
import dev.viking.nn.Losses;
import dev.viking.nn.Sequential;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.NativeMemory;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Kernels at other settings against dense projections in float64, whose rows come from the generic
 * transforms and whose inverse is LU's, and against differences of the objective built on those.
 */
class VikingKernelsTest {
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
  @CsvSource({
    "projection, lenet/8/3",
    "projection, mlp16/8/2",
    "projection_function, lenet/2/3",
    "projection_function, mlp16/3/2"
  })
  void projectsAsTheDenseMatrixDoes(String kernel, String setting) {
    try (Scope _ = Scope.open()) {
      Dense dense = new Dense(Setting.parse(setting));
      Tensor rows = dense.rows(dense.parameters, kernel.endsWith("function"));
      close(result(kernel + "@" + setting), dense.project(rows, dense.noise), 1e-4);
    }
  }

  @Test
  void samplesThroughBlockAfterBlockUnevenLastOneIncluded() {
    String setting = "mlp16/4/3/10";
    try (Scope _ = Scope.open()) {
      Dense dense = new Dense(Setting.parse("mlp16/10/3"));
      Tensor rows = dense.rows(dense.parameters, false);
      Tensor vectors = dense.noise;
      for (int first : new int[] {0, 4, 8}) {
        vectors = dense.project(rows.narrow(0, first, Math.min(4, 10 - first)), vectors);
      }
      close(result("sampling@" + setting), vectors, 1e-4);
    }
  }

  @Test
  void forwardPassGoesOverEveryImage() {
    try (Scope _ = Scope.open()) {
      Dense dense = new Dense(Setting.parse("lenet/10/1"));
      close(
          result("data_forward@lenet/4/1/10"),
          dense.model.apply(dense.parameters, dense.images),
          1e-5);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "viking_step@mlp16/6/2",
        "viking_step@lenet/2/2",
        "viking_step_function@mlp16/2/2",
        "viking_step_fixed_projection@mlp16/6/2",
        // Ten steps of conjugate gradients are all there are for six rows.
        "viking_step_paper@mlp16/6/2"
      })
  void stepsTakeTheObjectivesGradient(String name) {
    Setting setting = Setting.parse(name.substring(name.indexOf('@') + 1));
    boolean function = name.contains("function");
    boolean fixed = name.contains("fixed");
    try (Scope _ = Scope.open()) {
      Dense dense = new Dense(setting);
      double[] result = result(name);
      int size = (int) dense.parameters.size(0);
      Tensor kernel = dense.project(dense.rows(dense.parameters, function), dense.noise);
      close(Arrays.copyOfRange(result, 3 + size, result.length), kernel, 2e-4);

      Tensor gradient = Tensor.of(Arrays.copyOfRange(result, 1, 1 + size), size);
      double largest = 0;
      double worst = 0;
      for (int stream = 20; stream < 23; stream++) {
        Tensor direction =
            Tensor.of(Inputs.floats(stream, size, 1, 0), size).to(DType.FLOAT64).mul(1e-5);
        double ahead = dense.objective(dense.parameters.add(direction), function, fixed, kernel);
        double behind = dense.objective(dense.parameters.sub(direction), function, fixed, kernel);
        double along = (ahead - behind) / 2e-5;
        largest = Math.max(largest, Math.abs(along));
        worst = Math.max(worst, Math.abs(along - gradient.dot(direction).item() / 1e-5));
      }
      assertThat(largest).isPositive();
      assertThat(worst).isLessThan(2e-3 * largest);
    }
  }

  @Test
  void theProjectionsDerivativeCountsAtTheseSettings() {
    double[] full = result("viking_step@mlp16/6/2");
    double[] fixed = result("viking_step_fixed_projection@mlp16/6/2");
    assertThat(apart(full, fixed)).isGreaterThan(1e-3);
  }

  private static double apart(double[] one, double[] other) {
    double largest = 0;
    for (int i = 0; i < one.length; i++) {
      largest = Math.max(largest, Math.abs(one[i] - other[i]));
    }
    return largest;
  }

  @Test
  void settingsAreRefusedWithTheReason() {
    assertThatThrownBy(() -> Kernels.make("map_step@lenet/32"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("MODEL/B/S");
    assertThatThrownBy(() -> Kernels.make("map_step@lenet/0/1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("positive");
    assertThatThrownBy(() -> Kernels.make("map_step@vgg/32/1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("vgg");
  }

  private static double[] result(String name) {
    try (Kernel kernel = Kernels.make(name)) {
      return kernel.result();
    }
  }

  private static void close(double[] actual, Tensor expected, double tolerance) {
    double[] numbers = expected.toDoubleArray();
    assertThat(actual).hasSameSizeAs(numbers);
    double largest = 0;
    double worst = 0;
    for (int i = 0; i < numbers.length; i++) {
      largest = Math.max(largest, Math.abs(numbers[i]));
      worst = Math.max(worst, Math.abs(numbers[i] - actual[i]));
    }
    assertThat(largest).isPositive();
    assertThat(worst).isLessThanOrEqualTo(tolerance * largest);
  }

  /** A problem in float64, with J J^T inverted by LU; tensors belong to the current scope. */
  private static final class Dense {
    final Sequential model;
    final Tensor parameters;
    final Tensor images;
    final Tensor labels;
    final Tensor noise;

    Dense(Setting setting) {
      Problem problem = Problem.of(setting);
      model = problem.model();
      parameters = problem.parameters().to(DType.FLOAT64);
      images = problem.images().to(DType.FLOAT64);
      labels = problem.labels();
      noise = problem.noise().to(DType.FLOAT64);
    }

    Tensor rows(Tensor at, boolean function) {
      return function
          ? JacobianRows.genericFunction(model, at, images).jacobian()
          : JacobianRows.genericLoss(model, Losses.softmaxCrossEntropy(), at, images, labels)
              .jacobian();
    }

    Tensor project(Tensor rows, Tensor vectors) {
      Tensor gram = rows.matmul(rows.transpose(0, 1));
      Tensor multipliers = gram.inv().matmul(rows.matmul(vectors.transpose(0, 1)));
      return vectors.sub(multipliers.transpose(0, 1).matmul(rows));
    }

    /** The data term and the part of the divergence that the mean has a share in. */
    double objective(Tensor mean, boolean function, boolean fixed, Tensor given) {
      try (Scope _ = Scope.open()) {
        Tensor kernel = fixed ? given : project(rows(mean, function), noise);
        Tensor deviations =
            kernel
                .mul(Math.exp(-0.5 * VikingStepKernel.LOG_PRECISION))
                .add(noise.sub(kernel).mul(Math.exp(VikingStepKernel.LOG_SCALE_IMAGE)));
        double data = 0;
        long samples = noise.size(0);
        for (long s = 0; s < samples; s++) {
          Tensor outputs = model.apply(mean.add(deviations.select(0, s)), images);
          data += Losses.softmaxCrossEntropy().perExample(outputs, labels).sum().item() / samples;
        }
        double weight = (double) images.size(0) / VikingStepKernel.DATA_SIZE;
        double square = mean.dot(mean).item();
        return data + weight * 0.5 * Math.exp(VikingStepKernel.LOG_PRECISION) * square;
      }
    }
  }
}
