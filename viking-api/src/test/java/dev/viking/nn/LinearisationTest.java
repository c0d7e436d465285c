package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.func.Func;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The hand-written derivatives against the transforms, and both against finite differences. */
@ExtendWith(LiveHandles.class)
class LinearisationTest {
  private static final long BATCH = 5;

  /** A model and a loss. */
  record Case(String name, Sequential model, Loss loss) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** A model with a loss at random parameters and data. */
  private static final class Point {
    final Tensor parameters;
    final Tensor inputs;
    final Tensor targets;

    Point(Case given, Rng rng, DType type) {
      Sequential model = given.model();
      Sequential spread = model.withInitialiser(Initialisers.uniformFanIn());
      parameters = spread.initialise(rng, type, Device.CPU).mul(1.5);
      long[] shape = new long[model.inputShape().length + 1];
      shape[0] = BATCH;
      System.arraycopy(model.inputShape(), 0, shape, 1, shape.length - 1);
      inputs = Tensor.randn(rng, type, shape);
      targets = targets(given.loss(), model.outputs(), rng, type);
    }

    private static Tensor targets(Loss loss, long outputs, Rng rng, DType type) {
      if (loss.equals(Losses.softmaxCrossEntropy())) {
        return Tensor.randint(rng, 0, outputs, BATCH);
      }
      return loss.equals(Losses.sigmoidBinaryCrossEntropy())
          ? Tensor.randint(rng, 0, 2, BATCH).to(type)
          : Tensor.randn(rng, type, BATCH, outputs);
    }
  }

  private static Sequential images(Layer... layers) {
    return Sequential.of(new long[] {2, 9, 8}, List.of(layers));
  }

  static Stream<Case> cases() {
    Loss softmax = Losses.softmaxCrossEntropy();
    Loss quartic = (z, y) -> z.sub(y).square().square().sum(1).add(z.sin().sum(1));
    return Stream.of(
        new Case("linear", Mlp.of(new int[] {4, 3}, Activation.TANH), softmax),
        new Case("tanh", Mlp.of(new int[] {4, 6, 5, 3}, Activation.TANH), softmax),
        new Case("relu", Mlp.of(new int[] {4, 6, 5, 3}, Activation.RELU), softmax),
        new Case("gelu", Mlp.of(new int[] {4, 6, 5, 3}, Activation.GELU_TANH), softmax),
        new Case("silu", Mlp.of(new int[] {4, 6, 5, 3}, Activation.SILU), softmax),
        new Case(
            "sigmoid loss",
            Mlp.of(new int[] {2, 6, 1}, Activation.GELU_TANH),
            Losses.sigmoidBinaryCrossEntropy()),
        new Case(
            "squared loss",
            Mlp.of(new int[] {1, 6, 2}, Activation.TANH),
            Losses.halfSquaredError()),
        new Case(
            "gaussian loss", Mlp.of(new int[] {1, 6, 2}, Activation.SILU), Losses.gaussian(0.5)),
        new Case("a user's loss", Mlp.of(new int[] {3, 4, 2}, Activation.TANH), quartic),
        new Case(
            "convolution first and last",
            images(new Conv2d("c", 2, 3, 3, 2, 1), new Flatten()),
            softmax),
        new Case(
            "strides, padding and overlapping maxima",
            images(
                new Conv2d("c1", 2, 3, 3, 1, 2),
                Activation.SILU,
                new MaxPool2d(3, 2),
                new Conv2d("c2", 3, 2, 2, 2, 1),
                Activation.TANH,
                new Flatten(),
                new Linear("f", 18, 3)),
            softmax),
        new Case(
            "means, and layers before the first parameters",
            images(
                Activation.TANH,
                new AvgPool2d(2, 1),
                new Conv2d("c1", 2, 3, 3),
                Activation.RELU,
                new AvgPool2d(2),
                new Flatten(),
                Activation.GELU_TANH,
                new Linear("f", 18, 3)),
            softmax),
        new Case(
            "an activation at the end",
            Sequential.of(new long[] {3}, List.of(new Linear("f", 3, 4), Activation.TANH)),
            softmax),
        new Case(
            "residual connections, nested, with and without a shortcut",
            images(
                new Residual(
                    List.of(
                        new Conv2d("c1", 2, 2, 3, 1, 1),
                        Activation.TANH,
                        new Residual(List.of(new Conv2d("c2", 2, 2, 3, 1, 1))))),
                Activation.SILU,
                new Residual(
                    List.of(new Conv2d("c3", 2, 3, 3, 2, 1)),
                    List.of(new Conv2d("c4", 2, 3, 1, 2, 0))),
                new Flatten(),
                new Linear("f", 60, 3)),
            softmax),
        new Case(
            "a residual connection around everything",
            Sequential.of(
                new long[] {3},
                List.of(new Residual(List.of(new Linear("f", 3, 3), Activation.TANH)))),
            softmax),
        new Case("LeNet", LeNet.paper(), softmax));
  }

  /** Distance relative to the size of what is expected. */
  private static double error(Tensor given, Tensor expected) {
    assertThat(given.shape()).isEqualTo(expected.shape());
    assertThat(given.dtype()).isEqualTo(expected.dtype());
    double size = expected.norm().item();
    assertThat(size).isPositive();
    return given.sub(expected).norm().item() / size;
  }

  private static void compare(Case given, DType type, double tolerance) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(7)) {
      Point at = new Point(given, rng, type);
      long size = at.parameters.numel();
      long outputs = given.model().outputs();
      try (Linearisation structured =
              Linearisation.of(given.model(), given.loss(), at.parameters, at.inputs, at.targets);
          Linearisation generic =
              Linearisation.generic(
                  given.model(), given.loss(), at.parameters, at.inputs, at.targets)) {
        assertThat(structured).isInstanceOf(StructuredLinearisation.class);
        assertThat(error(structured.outputs(), generic.outputs())).isLessThan(tolerance);
        assertThat(error(structured.losses(), generic.losses())).isLessThan(tolerance);
        assertThat(error(structured.lossJacobian(), generic.lossJacobian())).isLessThan(tolerance);
        assertThat(error(structured.functionJacobian(), generic.functionJacobian()))
            .isLessThan(tolerance);
        assertThat(error(structured.lossGradient(null), generic.lossGradient(null)))
            .isLessThan(tolerance);
        Tensor weights = Tensor.randn(rng, type, BATCH);
        assertThat(error(structured.lossGradient(weights), generic.lossGradient(weights)))
            .isLessThan(tolerance);
        for (long count : new long[] {1, 4, 9}) {
          Tensor vectors = Tensor.randn(rng, type, count, size);
          Tensor many = Tensor.randn(rng, type, count, BATCH);
          assertThat(
                  error(
                      structured.lossWeightedHvp(many, vectors),
                      generic.lossWeightedHvp(many, vectors)))
              .isLessThan(10 * tolerance);
        }
        Tensor vectors = Tensor.randn(rng, type, 3, size);
        assertThat(error(structured.functionJvp(vectors), generic.functionJvp(vectors)))
            .isLessThan(tolerance);
        Tensor cotangents = Tensor.randn(rng, type, 3, BATCH, outputs);
        assertThat(error(structured.functionVjp(cotangents), generic.functionVjp(cotangents)))
            .isLessThan(tolerance);
        if (given.model().plan().steps().size() > 2) {
          for (long count : new long[] {1, 3, 9}) {
            Tensor each = Tensor.randn(rng, type, count, BATCH * outputs);
            Tensor along = Tensor.randn(rng, type, count, size);
            assertThat(
                    error(
                        structured.functionWeightedHvp(each, along),
                        generic.functionWeightedHvp(each, along)))
                .isLessThan(10 * tolerance);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void structuredIsGenericInDoublePrecision(Case given) {
    compare(given, DType.FLOAT64, 1e-13);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void structuredIsGenericInSinglePrecision(Case given) {
    compare(given, DType.FLOAT32, 3e-6);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void jacobiansAreTheSlopesOfTheValues(Case given) {
    double step = 1e-5;
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(8)) {
      Point at = new Point(given, rng, DType.FLOAT64);
      Tensor direction = Tensor.randn(rng, DType.FLOAT64, at.parameters.numel());
      direction.div_(direction.norm());
      JacobianRows.Rows rows =
          JacobianRows.loss(given.model(), given.loss(), at.parameters, at.inputs, at.targets);
      JacobianRows.Rows outputRows = JacobianRows.function(given.model(), at.parameters, at.inputs);
      Tensor up = at.parameters.addScaled(direction, step);
      Tensor down = at.parameters.addScaled(direction, -step);
      Tensor outputsUp = given.model().apply(up, at.inputs);
      Tensor outputsDown = given.model().apply(down, at.inputs);
      Tensor slopes =
          given
              .loss()
              .perExample(outputsUp, at.targets)
              .sub(given.loss().perExample(outputsDown, at.targets))
              .div(2 * step);
      assertThat(error(rows.jacobian().mv(direction), slopes)).isLessThan(1e-7);
      Tensor outputSlopes = outputsUp.sub(outputsDown).div(2 * step).flatten();
      assertThat(error(outputRows.jacobian().mv(direction), outputSlopes)).isLessThan(1e-7);
      assertThat(rows.jacobian().shape()).containsExactly(BATCH, at.parameters.numel());
      assertThat(error(rows.outputs(), given.model().apply(at.parameters, at.inputs)))
          .isLessThan(1e-13);
      assertThat(rows.losses()).isNotNull();
      assertThat(outputRows.losses()).isNull();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void weightedHvpIsTheSlopeOfTheWeightedProduct(Case given) {
    double step = 1e-5;
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(9)) {
      Point at = new Point(given, rng, DType.FLOAT64);
      long size = at.parameters.numel();
      Tensor direction = Tensor.randn(rng, DType.FLOAT64, size);
      direction.div_(direction.norm());
      Tensor mu = Tensor.randn(rng, DType.FLOAT64, 2, BATCH);
      Tensor lambda = Tensor.randn(rng, DType.FLOAT64, 2, BATCH);
      Tensor k = Tensor.randn(rng, DType.FLOAT64, 2, size);
      Tensor q = Tensor.randn(rng, DType.FLOAT64, 2, size);
      Tensor gradient =
          WeightedHvp.loss(
              given.model(), given.loss(), at.parameters, at.inputs, at.targets, mu, k, lambda, q);
      double[] bracket = new double[2];
      for (int side = 0; side < 2; side++) {
        Tensor moved = at.parameters.addScaled(direction, side == 0 ? step : -step);
        Tensor rows =
            JacobianRows.loss(given.model(), given.loss(), moved, at.inputs, at.targets).jacobian();
        bracket[side] =
            mu.matmul(rows).mul(k).sum().item() + lambda.matmul(rows).mul(q).sum().item();
      }
      double slope = (bracket[0] - bracket[1]) / (2 * step);
      double product = gradient.dot(direction).item();
      assertThat(Math.abs(product - slope))
          .isLessThan(1e-6 * (Math.abs(slope) + gradient.norm().item()));
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void gradientsAreThoseOfTheTransforms(Case given) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(10)) {
      Point at = new Point(given, rng, DType.FLOAT64);
      Gradients.Result sum =
          Gradients.sum(given.model(), given.loss(), at.parameters, at.inputs, at.targets);
      Tensor expected =
          Func.grad(
              p -> given.loss().perExample(given.model().apply(p, at.inputs), at.targets).sum(),
              at.parameters);
      assertThat(error(sum.gradient(), expected)).isLessThan(1e-13);
      Gradients.Result mean =
          Gradients.mean(given.model(), given.loss(), at.parameters, at.inputs, at.targets);
      assertThat(error(mean.gradient().mul((double) BATCH), expected)).isLessThan(1e-13);
      assertThat(error(mean.value().mul((double) BATCH), sum.value())).isLessThan(1e-13);
    }
  }

  @Test
  void sharedCotangentsMayOutliveNoScopeButAreThereAgain() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(8)) {
      Case given =
          new Case("", Mlp.of(new int[] {4, 6, 3}, Activation.TANH), Losses.softmaxCrossEntropy());
      Point at = new Point(given, rng, DType.FLOAT64);
      Linearisation point =
          Linearisation.of(given.model(), given.loss(), at.parameters, at.inputs, at.targets);
      Tensor expected;
      try (Scope inner = Scope.open()) {
        expected = inner.keep(point.lossGradient(null));
      }
      assertThat(error(point.lossGradient(null), expected)).isLessThan(1e-15);
    }
  }

  @Test
  void functionHvpWithTheNamedWeights() {
    Case given =
        new Case("tanh", Mlp.of(new int[] {2, 4, 3}, Activation.TANH), Losses.halfSquaredError());
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(11)) {
      Point at = new Point(given, rng, DType.FLOAT64);
      long size = at.parameters.numel();
      Tensor mu = Tensor.randn(rng, DType.FLOAT64, 2, BATCH * 3);
      Tensor lambda = Tensor.randn(rng, DType.FLOAT64, 2, BATCH * 3);
      Tensor k = Tensor.randn(rng, DType.FLOAT64, 2, size);
      Tensor q = Tensor.randn(rng, DType.FLOAT64, 2, size);
      Tensor product =
          WeightedHvp.function(given.model(), at.parameters, at.inputs, mu, k, lambda, q);
      Tensor expected =
          Func.grad(
              p -> {
                Tensor rows = Func.jacrev(z -> given.model().apply(z, at.inputs).flatten(), p);
                return mu.matmul(rows).mul(k).sum().add(lambda.matmul(rows).mul(q).sum());
              },
              at.parameters);
      assertThat(error(product, expected)).isLessThan(1e-12);
    }
  }
}
