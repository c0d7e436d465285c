package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Op;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import dev.viking.torch.VikingException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The projection's own kernels for the CPU against matrices of float64 that are formed. */
@ExtendWith(LiveHandles.class)
class ProjectionKernelsTest {
  private Scope scope;
  private Rng rng;

  @BeforeEach
  void open() {
    scope = Scope.open();
    rng = Rng.seeded(3);
  }

  @AfterEach
  void close() {
    rng.close();
    scope.close();
  }

  private static void near(Tensor actual, Tensor wanted, double tolerance) {
    assertThat(actual.shape()).isEqualTo(wanted.shape());
    Tensor reference = wanted.to(DType.FLOAT64);
    Tensor off = actual.to(DType.FLOAT64).sub(reference).norm().div(reference.norm());
    assertThat(off.item()).isLessThan(tolerance);
  }

  private static Tensor zeros(DType type, long... shape) {
    return Tensor.zeros(shape, type, Device.CPU);
  }

  @ParameterizedTest
  @CsvSource({
    "FLOAT32, 1, 7",
    "FLOAT32, 32, 2572",
    "FLOAT64, 5, 300",
    "FLOAT32, 64, 255",
    "FLOAT32, 70, 40"
  })
  void gramMatricesAddUp(DType type, long n, long columns) {
    // Rows that lie apart, as the columns of a larger matrix.
    Tensor rows = Tensor.randn(rng, type, n, columns + 3).narrow(1, 2, columns);
    Tensor gram = Tensor.ones(new long[] {n, n}, DType.FLOAT64, Device.CPU);
    NativeOps.ADD_GRAM_.call(gram, rows);
    Tensor wide = rows.to(DType.FLOAT64);
    near(gram, wide.matmul(wide.t()).add(1.0), 1e-14);
  }

  /** The rows of a linear layer, formed: [B * G, outputs * inputs (+ outputs)]. */
  private static Tensor formed(Tensor inputs, Tensor cotangents, boolean bias) {
    long groups = cotangents.size(0) / inputs.size(0);
    Tensor a = inputs.to(DType.FLOAT64).repeatInterleave(groups, 0);
    Tensor d = cotangents.to(DType.FLOAT64);
    Tensor weights = d.unsqueeze(2).mul(a.unsqueeze(1)).flatten(1, 2);
    return bias ? Tensor.cat(List.of(weights, d), 1) : weights;
  }

  @ParameterizedTest
  @CsvSource({"true, 1", "false, 1", "true, 3"})
  void gramMatricesOfOuterProducts(boolean bias, long groups) {
    Tensor inputs = Tensor.randn(rng, DType.FLOAT32, 6, 11);
    Tensor cotangents = Tensor.randn(rng, DType.FLOAT32, 6 * groups, 5);
    Tensor gram = zeros(DType.FLOAT64, 6 * groups, 6 * groups);
    NativeOps.ADD_OUTER_GRAM_.call(gram, inputs, cotangents, bias);
    Tensor rows = formed(inputs, cotangents, bias);
    near(gram, rows.matmul(rows.t()), 1e-13);
  }

  @ParameterizedTest
  @CsvSource({
    "FLOAT32, true, 1e-6",
    "FLOAT64, false, 1e-14",
    "FLOAT32, false, 1e-6",
    "FLOAT64, true, 1e-14"
  })
  void productsWithOuterProducts(DType type, boolean bias, double tolerance) {
    Tensor inputs = Tensor.randn(rng, type, 6, 11);
    Tensor cotangents = Tensor.randn(rng, type, 6, 5);
    Tensor rows = formed(inputs, cotangents, bias);
    long start = 4;
    Tensor vectors = Tensor.randn(rng, type, 2, 4 + rows.size(1) + 3);
    Tensor own = vectors.narrow(1, start, rows.size(1)).to(DType.FLOAT64);

    Tensor products = Tensor.ones(new long[] {2, 6}, type, Device.CPU);
    NativeOps.ADD_OUTER_PRODUCTS_.call(products, inputs, cotangents, vectors, start, bias);
    near(products, own.matmul(rows.t()).add(1.0), tolerance);

    Tensor weights = Tensor.randn(rng, type, 2, 6);
    Tensor sums = vectors.cloneTensor();
    NativeOps.ADD_OUTER_TRANSPOSE_.call(sums, inputs, cotangents, weights, start, bias, -0.5);
    Tensor wanted = vectors.to(DType.FLOAT64).cloneTensor();
    wanted.narrow(1, start, rows.size(1)).addmm_(weights.to(DType.FLOAT64), rows, 1.0, -0.5);
    near(sums, wanted, tolerance);
  }

  @Test
  void vectorsAreCombinedInOnePass() {
    Tensor base = Tensor.randn(rng, DType.FLOAT64, 40_001);
    Tensor x = Tensor.randn(rng, DType.FLOAT64, 3, 40_001);
    Tensor y = Tensor.randn(rng, DType.FLOAT64, 3, 40_001);
    Tensor sum =
        Op.of("viking::combine", "")
            .call(
                base, x, Tensor.scalar(0.3, DType.FLOAT64), y, Tensor.scalar(-2.0, DType.FLOAT64));
    near(sum, x.mul(0.3).add(y.mul(-2.0)).add(base), 1e-15);
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT32, 4, 3);
    assertThatThrownBy(() -> NativeOps.ADD_GRAM_.call(zeros(DType.FLOAT64, 3, 3), rows))
        .isInstanceOf(VikingException.class)
        .hasMessageContaining("needed a Gram matrix [4, 4]");
    assertThatThrownBy(
            () ->
                NativeOps.ADD_OUTER_PRODUCTS_.call(
                    zeros(DType.FLOAT32, 1, 4), rows, rows, zeros(DType.FLOAT32, 1, 8), 0L, true))
        .isInstanceOf(VikingException.class)
        .hasMessageContaining("vectors [S, D]");
  }
}
