package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.NativeMemory;
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

/**
 * Jacobians of models whose layers the library cannot see, within a memory limit, against the
 * hand-written passes over those layers.
 */
@ExtendWith(LiveHandles.class)
class RecomputedBlockTest {
  private static final Loss LOSS = Losses.softmaxCrossEntropy();
  private static final Sequential DENSE = Mlp.of(new int[] {5, 7, 4}, Activation.TANH);

  private static final Sequential IMAGES =
      Sequential.of(
          new long[] {2, 6, 6},
          List.of(
              new Conv2d("c", 2, 3, 3, 1, 1),
              Activation.SILU,
              new MaxPool2d(2),
              new Flatten(),
              new Linear("f", 27, 3)));

  /** Hides a network's layers, and notes the most memory that is held while it is evaluated. */
  private static final class Hidden implements Model {
    private final Sequential inner;
    private long most;

    Hidden(Sequential inner) {
      this.inner = inner;
    }

    @Override
    public ParameterLayout layout() {
      return inner.layout();
    }

    @Override
    public Tensor apply(Tensor parameters, Tensor inputs) {
      most = Math.max(most, NativeMemory.live(Device.CPU).bytes());
      return inner.apply(parameters, inputs);
    }

    @Override
    public Tensor initialise(Rng rng, DType dtype, Device device) {
      return inner.initialise(rng, dtype, device);
    }
  }

  /** A network at a point, with its layers and without. */
  private static final class Point {
    final Hidden hidden;
    final Linearisation structured;
    final Linearisation opaque;

    Point(Sequential model, long batch, DType type, Rng rng) {
      Tensor parameters = model.initialise(rng, type, Device.CPU);
      long[] shape = new long[model.inputShape().length + 1];
      shape[0] = batch;
      System.arraycopy(model.inputShape(), 0, shape, 1, shape.length - 1);
      Tensor inputs = Tensor.randn(rng, type, shape);
      Tensor targets = Tensor.randint(rng, 0, model.outputs(), batch);
      hidden = new Hidden(model);
      structured = Linearisation.of(model, LOSS, parameters, inputs, targets);
      opaque = Linearisation.of(hidden, LOSS, parameters, inputs, targets);
      assertThat(opaque).isInstanceOf(GenericLinearisation.class);
    }

    Tensor matrix(boolean ofLoss) {
      return ofLoss ? structured.lossJacobian() : structured.functionJacobian();
    }

    BatchJacobian rows(boolean ofLoss, long limit) {
      return ofLoss ? opaque.lossRows(limit) : opaque.functionRows(limit);
    }
  }

  /** A network, a batch, whose Jacobian, and how many of its rows may be there at once. */
  record Case(Sequential model, long batch, boolean ofLoss, double fit) {
    long limit() {
      return (long) (fit * 8 * model.layout().total());
    }
  }

  static Stream<Case> cases() {
    return Stream.of(DENSE, IMAGES)
        .flatMap(
            model ->
                Stream.of(
                    new Case(model, 7, true, 0),
                    new Case(model, 7, true, 2),
                    new Case(model, 7, true, 6.9),
                    new Case(model, 1, true, 0.5),
                    // One row, rows that part an example, one example, and more than one.
                    new Case(model, 4, false, 0),
                    new Case(model, 4, false, 4.5),
                    new Case(model, 4, false, 2.0 * model.outputs()),
                    new Case(model, 4, false, 2.5 * model.outputs())));
  }

  private static double error(Tensor given, Tensor expected) {
    assertThat(given.shape()).isEqualTo(expected.shape());
    assertThat(given.dtype()).isEqualTo(expected.dtype());
    return given.sub(expected).norm().item() / expected.norm().item();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void doesWhatTheMatrixDoes(Case given) {
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(3)) {
      Point point = new Point(given.model(), given.batch(), DType.FLOAT64, rng);
      Tensor matrix = point.matrix(given.ofLoss());
      BatchJacobian jacobian = point.rows(given.ofLoss(), given.limit()).keepIn(scope);
      assertThat(jacobian.toString()).contains("formed anew for each use");
      assertThat(jacobian.isIndependent()).isFalse();
      assertThat(jacobian.bytes()).isZero();
      assertThat(jacobian.rows()).isEqualTo(matrix.size(0));
      assertThat(jacobian.columns()).isEqualTo(matrix.size(1));
      assertThat(error(jacobian.dense(), matrix)).isLessThan(1e-12);
      assertThat(error(jacobian.gram(), matrix.mm(matrix.t()))).isLessThan(1e-12);
      for (long samples : new long[] {1, 5, 17}) {
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

  @ParameterizedTest
  @MethodSource("cases")
  void hasTheGramMatricesOfGroupsOfColumns(Case given) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(13)) {
      Point point = new Point(given.model(), given.batch(), DType.FLOAT64, rng);
      BatchJacobian jacobian = point.rows(given.ofLoss(), given.limit());
      long columns = jacobian.columns();
      List<long[]> layouts = new ArrayList<>();
      layouts.add(new long[] {columns});
      layouts.add(new long[] {1, 40, columns - 41});
      layouts.add(
          given.model().layout().entries().stream()
              .mapToLong(ParameterLayout.Entry::size)
              .toArray());
      for (long[] sizes : layouts) {
        List<Tensor> parts = point.matrix(given.ofLoss()).splitWithSizes(sizes, 1);
        Tensor grams = jacobian.grams(sizes);
        assertThat(grams.size(0)).isEqualTo(sizes.length);
        for (int g = 0; g < sizes.length; g++) {
          assertThat(error(grams.select(0, g), parts.get(g).mm(parts.get(g).t())))
              .isLessThan(1e-12);
        }
      }
    }
  }

  @Test
  void theRowsAreThereWhereTheyFit() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(4)) {
      Point point = new Point(DENSE, 6, DType.FLOAT32, rng);
      long row = 4 * DENSE.layout().total();
      for (boolean ofLoss : new boolean[] {true, false}) {
        long all = row * (ofLoss ? 6 : 24);
        BatchJacobian kept = point.rows(ofLoss, all);
        assertThat(kept.toString()).contains("all parameters rows");
        assertThat(kept.isIndependent()).isTrue();
        assertThat(kept.bytes()).isEqualTo(all);
        BatchJacobian formed = point.rows(ofLoss, all - 1);
        assertThat(formed.toString()).contains("anew for each use, in 3 pieces");
        assertThat(error(formed.dense(), kept.dense())).isLessThan(1e-5);
        assertThat(error(formed.gram(), kept.gram())).isLessThan(1e-5);
      }
      assertThat(point.opaque.lossRows(0).toString()).contains("in 6 pieces");
      assertThat(point.opaque.functionRows(6 * row).toString()).contains("in 12 pieces");
      assertThat(new Point(DENSE, 1, DType.FLOAT32, rng).opaque.lossRows(0).toString())
          .contains("formed anew for each use)");
    }
  }

  @Test
  void holdsNoMoreThanTheLimitWhileItWorks() {
    Sequential wide = Mlp.of(new int[] {40, 500, 4}, Activation.TANH);
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5)) {
      Point point = new Point(wide, 32, DType.FLOAT64, rng);
      long row = 8 * wide.layout().total();
      BatchJacobian jacobian = point.opaque.lossRows(4 * row);
      Tensor weights = Tensor.randn(rng, DType.FLOAT64, 1, 32);
      long before = NativeMemory.live(Device.CPU).bytes();
      point.hidden.most = 0;
      try (Scope _ = Scope.open()) {
        jacobian.gram();
        jacobian.product(jacobian.transposeProduct(weights));
      }
      assertThat(point.hidden.most - before).isBetween(2 * row, 8 * row);
      assertThat(NativeMemory.live(Device.CPU).bytes()).isEqualTo(before);
    }
  }

  @Test
  void refusesWhatDoesNotFitAndNeedsTheLinearisation() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(7)) {
      Point point = new Point(DENSE, 2, DType.FLOAT64, rng);
      BatchJacobian jacobian = point.opaque.lossRows(0);
      BatchJacobian outputs = point.opaque.functionRows(0);
      long size = jacobian.columns();
      assertThatThrownBy(() -> point.opaque.lossRows(-1))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("memoryLimit is -1");
      assertThatThrownBy(() -> point.opaque.functionRows(-1))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("memoryLimit is -1");
      assertThatThrownBy(() -> jacobian.product(Tensor.zeros(DType.FLOAT64, 1, size - 1)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("vectors");
      assertThatThrownBy(() -> jacobian.product(Tensor.zeros(DType.FLOAT32, 1, size)))
          .isInstanceOf(DTypeException.class)
          .hasMessageContaining("vectors");
      assertThatThrownBy(() -> jacobian.transposeProduct(Tensor.zeros(DType.FLOAT64, 1, 3)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("weights");
      assertThatThrownBy(() -> jacobian.grams(1, size))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("BatchJacobian.grams: sizes are");
      Tensor none = Tensor.zeros(DType.FLOAT64, 0, size);
      assertThat(jacobian.product(none).shape()).containsExactly(0, 2);
      assertThat(jacobian.transposeProduct(jacobian.product(none)).shape())
          .containsExactly(0, size);

      Linearisation bare =
          Linearisation.of(point.hidden, point.opaque.parameters, point.opaque.inputs);
      assertThatThrownBy(() -> bare.lossRows(0))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("lossRows: made without a loss");

      point.opaque.close();
      assertThatThrownBy(jacobian::gram)
          .isInstanceOf(ClosedException.class)
          .hasMessageContaining("lossRows: the linearisation is closed");
      assertThatThrownBy(() -> outputs.product(Tensor.zeros(DType.FLOAT64, 1, size)))
          .isInstanceOf(ClosedException.class)
          .hasMessageContaining("functionRows: the linearisation is closed");
      assertThatThrownBy(() -> point.opaque.lossRows(Long.MAX_VALUE))
          .isInstanceOf(ClosedException.class);
    }
  }
}
