package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Jacobians in pieces against the matrix that the transforms give. */
@ExtendWith(LiveHandles.class)
class BatchJacobianTest {
  private static final Loss LOSS = Losses.softmaxCrossEntropy();

  /** Large enough that its linear layers are kept as factors. */
  private static final Sequential WIDE = Mlp.of(new int[] {60, 90, 70, 4}, Activation.TANH);

  private static final Sequential IMAGES =
      Sequential.of(
          new long[] {2, 12, 12},
          List.of(
              new Conv2d("c1", 2, 4, 3, 1, 1),
              Activation.TANH,
              new MaxPool2d(2),
              new Residual(List.of(new Conv2d("c2", 4, 4, 3, 1, 1))),
              new Flatten(),
              new Linear("f1", 144, 40),
              Activation.SILU,
              new Linear("f2", 40, 3)));

  /** A model, a batch, whose Jacobian, and how much of it may be kept. */
  record Case(Sequential model, long batch, boolean ofLoss, long limit) {
    BatchJacobian of(Linearisation point) {
      return ofLoss ? point.lossRows(limit) : point.functionRows(limit);
    }
  }

  static Stream<Case> cases() {
    return Stream.of(WIDE, IMAGES)
        .flatMap(
            model ->
                Stream.of(Long.MAX_VALUE, 40_000L, 9_000L, 0L)
                    .flatMap(
                        limit ->
                            Stream.of(
                                new Case(model, 16, true, limit),
                                new Case(model, 1, true, limit),
                                new Case(model, 6, false, limit))));
  }

  private static Linearisation at(Sequential model, long batch, DType type, Rng rng) {
    Tensor parameters = model.initialise(rng, type, Device.CPU);
    long[] shape = new long[model.inputShape().length + 1];
    shape[0] = batch;
    System.arraycopy(model.inputShape(), 0, shape, 1, shape.length - 1);
    Tensor inputs = Tensor.randn(rng, type, shape);
    return Linearisation.of(
        model, LOSS, parameters, inputs, Tensor.randint(rng, 0, model.outputs(), batch));
  }

  private static double error(Tensor given, Tensor expected) {
    assertThat(given.shape()).isEqualTo(expected.shape());
    return given.sub(expected).norm().item() / expected.norm().item();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void doesWhatTheMatrixDoes(Case given) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(3)) {
      Linearisation point = at(given.model(), given.batch(), DType.FLOAT64, rng);
      Linearisation generic =
          Linearisation.generic(
              point.model, point.loss, point.parameters, point.inputs, point.targets);
      Tensor matrix = given.ofLoss() ? generic.lossJacobian() : generic.functionJacobian();
      BatchJacobian jacobian = given.of(point);
      assertThat(jacobian.rows()).isEqualTo(matrix.size(0));
      assertThat(jacobian.columns()).isEqualTo(matrix.size(1));
      assertThat(error(jacobian.dense(), matrix)).isLessThan(1e-12);
      assertThat(error(jacobian.gram(), matrix.mm(matrix.t()))).isLessThan(1e-12);
      for (long samples : new long[] {1, 5}) {
        Tensor vectors = Tensor.randn(rng, DType.FLOAT64, samples, matrix.size(1));
        Tensor weights = Tensor.randn(rng, DType.FLOAT64, samples, matrix.size(0));
        assertThat(error(jacobian.product(vectors), vectors.mm(matrix.t()))).isLessThan(1e-12);
        assertThat(error(jacobian.transposeProduct(weights), weights.mm(matrix))).isLessThan(1e-12);
        Tensor expected = vectors.addScaled(weights.mm(matrix), -0.5);
        jacobian.addTransposeProduct(vectors, weights, -0.5);
        assertThat(error(vectors, expected)).isLessThan(1e-12);
      }
    }
  }

  /** Groups that are layers, part them, or join them. */
  @ParameterizedTest
  @MethodSource("cases")
  void hasTheGramMatricesOfGroupsOfColumns(Case given) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(13)) {
      Linearisation point = at(given.model(), given.batch(), DType.FLOAT64, rng);
      BatchJacobian jacobian = given.of(point);
      long columns = jacobian.columns();
      List<long[]> layouts = new ArrayList<>();
      layouts.add(new long[] {columns});
      layouts.add(new long[] {1, 40, columns - 41});
      layouts.add(
          point.model.layout().entries().stream().mapToLong(ParameterLayout.Entry::size).toArray());
      for (long[] sizes : layouts) {
        List<Tensor> parts = jacobian.dense().splitWithSizes(sizes, 1);
        Tensor grams = jacobian.grams(sizes);
        assertThat(grams.size(0)).isEqualTo(sizes.length);
        for (int g = 0; g < sizes.length; g++) {
          assertThat(error(grams.select(0, g), parts.get(g).mm(parts.get(g).t())))
              .isLessThan(1e-12);
        }
      }
      assertThatThrownBy(() -> jacobian.grams(1, columns))
          .isInstanceOf(ArgumentException.class)
          .hasMessage(
              "BatchJacobian.grams: sizes are [1, %d]; %d together are needed", columns, columns);
      assertThatThrownBy(() -> jacobian.grams(columns, 0))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("sizes is 0; at least 1 is needed");
    }
  }

  @Test
  void keepsLinearLayersAsFactorsAndHoldsLessThanTheMatrix() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(4)) {
      BatchJacobian jacobian = at(WIDE, 16, DType.FLOAT32, rng).lossRows(Long.MAX_VALUE);
      assertThat(jacobian.toString()).contains("fc1 factored", "fc2 factored", "fc3 rows");
      long matrix = 4 * jacobian.rows() * jacobian.columns();
      assertThat(jacobian.bytes()).isLessThan(matrix / 20);
    }
  }

  @Test
  void holdsNoMoreRowsThanTheLimitAllows() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5)) {
      Linearisation point = at(IMAGES, 64, DType.FLOAT32, rng);
      long free = point.lossRows(Long.MAX_VALUE).bytes();
      // The rows of c1, 64 x 76, fit beside the factors of f1; those of c2, 64 x 148, do not.
      long limit = free - 4;
      BatchJacobian limited = point.lossRows(limit);
      assertThat(limited.toString()).contains("c2 formed anew", "c1 rows");
      assertThat(limited.isIndependent()).isFalse();
      assertThat(limited.bytes()).isLessThanOrEqualTo(limit + 4 * 64 * 4 * 36);
      assertThat(point.lossRows(0).toString())
          .contains("c1 formed anew for each use, in 4 pieces", "c2 formed anew");
      assertThat(point.lossRows(Long.MAX_VALUE).isIndependent()).isTrue();
    }
  }

  @Test
  void outlivesItsLinearisationWhereItIsIndependent() {
    try (Scope outer = Scope.open();
        Rng rng = Rng.seeded(6)) {
      BatchJacobian kept;
      Tensor matrix;
      try (Scope inner = Scope.open()) {
        Linearisation point = at(IMAGES, 8, DType.FLOAT64, rng);
        kept = point.lossRows(Long.MAX_VALUE).keepIn(inner);
        matrix = inner.keep(point.lossJacobian());
      }
      assertThat(error(kept.dense(), matrix)).isLessThan(1e-12);
      assertThat(error(kept.gram(), matrix.mm(matrix.t()))).isLessThan(1e-12);
      assertThat(Scope.current()).isEqualTo(outer);
      kept.close();
      kept.close();
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(7)) {
      Linearisation point = at(WIDE, 2, DType.FLOAT64, rng);
      BatchJacobian jacobian = point.lossRows(Long.MAX_VALUE);
      long size = jacobian.columns();
      assertThatThrownBy(() -> point.lossRows(-1))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("memoryLimit is -1");
      assertThatThrownBy(() -> jacobian.product(Tensor.zeros(DType.FLOAT64, 1, size - 1)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("vectors");
      Tensor narrow = Tensor.zeros(new long[] {1, size}, DType.FLOAT32, Device.CPU);
      assertThatThrownBy(() -> jacobian.product(narrow))
          .isInstanceOf(DTypeException.class)
          .hasMessageContaining("vectors");
      Tensor vectors = Tensor.zeros(new long[] {1, size}, DType.FLOAT64, Device.CPU);
      Tensor weights = Tensor.zeros(new long[] {2, 2}, DType.FLOAT64, Device.CPU);
      assertThatThrownBy(() -> jacobian.addTransposeProduct(vectors, weights, 1))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("weights");
      assertThatThrownBy(() -> jacobian.transposeProduct(weights.narrow(1, 0, 1)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("weights");
    }
  }
}
