package dev.viking.func;

import static dev.viking.func.References.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each transform by itself, against derivatives worked out by hand. */
@ExtendWith(LiveHandles.class)
class FuncTest {
  private static final double[] X = {0.3, -1.1, 2.0};
  private static final double[] V = {1.5, -0.5, 0.25};

  private Scope scope;
  private Tensor x;
  private Tensor v;

  @BeforeEach
  void open() {
    scope = Scope.open();
    x = Tensor.of(X);
    v = Tensor.of(V);
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void jvpIsTheDirectionalDerivative() {
    Jvp result = Func.jvp(z -> z.sin().mul(z), x, v);
    assertClose(result.output(), i -> Math.sin(X[i]) * X[i]);
    assertClose(result.tangent(), i -> (Math.cos(X[i]) * X[i] + Math.sin(X[i])) * V[i]);
  }

  @Test
  void jvpTakesSeveralInputsAndGivesSeveralOutputs() {
    Tensor y = Tensor.of(2.0, 3.0, 4.0);
    Tensor w = Tensor.of(0.1, 0.2, 0.3);
    JvpN result =
        Func.jvp(
            in -> List.of(in.get(0).mul(in.get(1)), in.get(1).square(), in.get(0).sum()),
            List.of(x, y),
            List.of(v, w));
    assertThat(result.outputs()).hasSize(3);
    assertClose(result.tangents().get(0), i -> V[i] * (i + 2) + X[i] * 0.1 * (i + 1));
    assertClose(result.tangents().get(1), i -> 2 * (i + 2) * 0.1 * (i + 1));
    assertClose(result.tangents().get(2), i -> V[0] + V[1] + V[2]);
  }

  @Test
  void vjpPullsBackAnyNumberOfTimes() {
    Vjp vjp = Func.vjp(z -> z.pow(3), x);
    assertClose(vjp.output(), i -> Math.pow(X[i], 3));
    assertClose(vjp.pullback(v), i -> 3 * X[i] * X[i] * V[i]);
    assertClose(vjp.pullback(x), i -> 3 * X[i] * X[i] * X[i]);
    vjp.close();
    vjp.close();
    assertThat(vjp.output().isClosed()).isFalse();
  }

  @Test
  void vjpTakesNullForAZeroCotangent() {
    VjpN vjp = Func.vjp(in -> List.of(in.get(0).mul(in.get(1)), in.get(0).exp()), List.of(x, v));
    List<Tensor> gradients = vjp.pullback(java.util.Arrays.asList(null, x));
    assertClose(gradients.get(0), i -> Math.exp(X[i]) * X[i]);
    assertClose(gradients.get(1), i -> 0);
    gradients = vjp.pullback(List.of(x, x));
    assertClose(gradients.get(0), i -> V[i] * X[i] + Math.exp(X[i]) * X[i]);
    assertClose(gradients.get(1), i -> X[i] * X[i]);
    assertThat(vjp.outputs()).hasSize(2);
    vjp.close();
  }

  @Test
  void gradIsTheGradient() {
    assertClose(Func.grad(z -> z.pow(3).sum(), x), i -> 3 * X[i] * X[i]);
    ValueAndGrad both = Func.valueAndGrad(z -> z.pow(3).sum(), x);
    assertClose(both.value(), i -> X[0] * X[0] * X[0] + X[1] * X[1] * X[1] + X[2] * X[2] * X[2]);
    assertClose(both.gradient(), i -> 3 * X[i] * X[i]);
  }

  @Test
  void auxiliaryOutputsAreReturnedAsTheyAre() {
    ValueAndGrads result =
        Func.valueAndGrad(
            in -> {
              Tensor product = in.get(0).mul(in.get(1));
              return List.of(product.sum(), product, Tensor.of(7));
            },
            List.of(x, v));
    assertClose(result.values().get(1), i -> X[i] * V[i]);
    assertThat(result.values().get(2).toLongArray()).containsExactly(7);
    assertClose(result.gradients().get(0), i -> V[i]);
    assertClose(result.gradients().get(1), i -> X[i]);
    assertClose(
        Func.grad(in -> List.of(in.get(0).mul(in.get(1)).sum()), List.of(x, v)).get(1), i -> X[i]);
  }

  @Test
  void whatTheOutputDoesNotDependOnHasAZeroGradient() {
    List<Tensor> gradients = Func.grad(in -> List.of(in.get(0).sum()), List.of(x, v));
    assertClose(gradients.get(1), i -> 0);
    assertClose(Func.grad(z -> Tensor.scalar(3, DType.FLOAT64), x), i -> 0);
    assertClose(Func.jvp(z -> v, x, v).tangent(), i -> 0);
  }

  @Test
  void vmapIsALoop() {
    Tensor batch = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 3, 2);
    Tensor dots = Func.vmap(row -> row.dot(row)).apply(batch);
    assertThat(dots.toDoubleArray()).containsExactly(5, 25, 61);
    Tensor columns = Func.vmap(column -> column.cumsum(0), 1, 1).apply(batch);
    assertThat(columns.shape()).containsExactly(3, 2);
    assertThat(columns.toDoubleArray()).containsExactly(1, 2, 4, 6, 9, 12);
    Tensor shapes =
        Func.vmap(row -> Tensor.of((double) row.dim(), (double) row.numel())).apply(batch);
    assertThat(shapes.toDoubleArray()).containsExactly(1, 2, 1, 2, 1, 2);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 3, 4, 5, 100})
  void vmapGivesTheSameInChunks(long chunkSize) {
    Tensor batch = Tensor.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 2, 5);
    Tensor shared = Tensor.of(10.0, 20.0);
    List<Tensor> results =
        Func.vmap(
                in -> List.of(in.get(0).dot(in.get(1)), in.get(0).mul(in.get(1))),
                VmapOptions.of(
                    new Integer[] {-1, null}, new int[] {0, 1}, chunkSize, Randomness.ERROR))
            .apply(List.of(batch, shared));
    assertThat(results.get(0).toDoubleArray()).containsExactly(130, 160, 190, 220, 250);
    assertThat(results.get(1).shape()).containsExactly(2, 5);
    assertThat(results.get(1).toDoubleArray())
        .containsExactly(10, 20, 30, 40, 50, 120, 140, 160, 180, 200);
  }

  @Test
  void randomnessFollowsThePolicy() {
    Tensor batch = Tensor.zeros(DType.FLOAT64, 4, 8);
    try (Rng rng = Rng.seeded(3)) {
      TensorsFunction noise =
          in -> List.of(in.get(0).add(Tensor.randn(rng, DType.FLOAT64, in.get(0).shape())));
      Tensor same = noisy(noise, Randomness.SAME, batch);
      assertThat(same.select(0, 0).equal(same.select(0, 3))).isTrue();
      assertThat(same.std(1).item()).isPositive();
      Tensor different = noisy(noise, Randomness.DIFFERENT, batch);
      assertThat(different.select(0, 0).equal(different.select(0, 3))).isFalse();
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> noisy(noise, Randomness.ERROR, batch))
          .isInstanceOf(dev.viking.torch.VikingException.class)
          .hasMessageContaining("random");
    }
  }

  private static Tensor noisy(TensorsFunction noise, Randomness policy, Tensor batch) {
    return Func.vmap(noise, VmapOptions.defaults().randomness(policy))
        .apply(List.of(batch))
        .getFirst();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 7})
  void bothJacobiansAreTheMatrixOfDerivatives(long chunkSize) {
    // f_i = sum_j A_ij sin(x_j), J_ij = A_ij cos(x_j)
    double[] entries = {1, 2, 3, 4, 5, 6};
    Tensor a = Tensor.of(entries, 2, 3);
    TensorFunction f = z -> a.mv(z.sin());
    Tensor reverse = Func.jacrev(f, x, chunkSize);
    Tensor forward = Func.jacfwd(f, x, chunkSize);
    assertThat(reverse.shape()).containsExactly(2, 3);
    assertThat(forward.shape()).containsExactly(2, 3);
    assertClose(reverse, i -> entries[i] * Math.cos(X[i % 3]));
    assertClose(forward, i -> entries[i] * Math.cos(X[i % 3]));
  }

  @Test
  void jacobiansOfSeveralInputsAndOutputs() {
    TensorsFunction f = in -> List.of(in.get(0).mul(in.get(1)), in.get(0).square().sum());
    for (List<List<Tensor>> jacobians :
        List.of(Func.jacrev(f, List.of(x, v)), Func.jacfwd(f, List.of(x, v), 2))) {
      assertClose(jacobians.get(0).get(0), i -> i % 4 == 0 ? V[i / 4] : 0);
      assertClose(jacobians.get(0).get(1), i -> i % 4 == 0 ? X[i / 4] : 0);
      assertClose(jacobians.get(1).get(0), i -> 2 * X[i]);
      assertClose(jacobians.get(1).get(1), i -> 0);
      assertThat(jacobians.get(1).get(1).shape()).containsExactly(3);
    }
  }

  @ParameterizedTest
  @EnumSource(HvpMode.class)
  void hvpIsTheHessianTimesTheVector(HvpMode mode) {
    // f = sum x^4 + x0 x1 x2
    TensorFunction f = z -> z.pow(4).sum().add(z.prod());
    Hvp result = Func.hvp(f, x, v, mode);
    double[] h = {
      12 * X[0] * X[0] * V[0] + X[2] * V[1] + X[1] * V[2],
      12 * X[1] * X[1] * V[1] + X[2] * V[0] + X[0] * V[2],
      12 * X[2] * X[2] * V[2] + X[1] * V[0] + X[0] * V[1]
    };
    double product = X[0] * X[1] * X[2];
    assertClose(
        result.value(), i -> Math.pow(X[0], 4) + Math.pow(X[1], 4) + Math.pow(X[2], 4) + product);
    assertClose(result.gradient(), i -> 4 * Math.pow(X[i], 3) + product / X[i]);
    assertClose(result.product(), i -> h[i]);
  }

  @ParameterizedTest
  @EnumSource(HvpMode.class)
  void hvpOfSeveralInputsIsOverAllTogether(HvpMode mode) {
    // f = sum x^2 y: H = [[2 y, 2 x], [2 x, 0]]
    Tensor y = Tensor.of(2.0, 3.0, 4.0);
    Tensor w = Tensor.of(0.1, 0.2, 0.3);
    HvpN result =
        Func.hvp(
            in -> List.of(in.get(0).square().mul(in.get(1)).sum()),
            List.of(x, y),
            List.of(v, w),
            mode);
    assertClose(result.gradients().get(0), i -> 2 * X[i] * (i + 2));
    assertClose(result.gradients().get(1), i -> X[i] * X[i]);
    assertClose(result.products().get(0), i -> 2 * (i + 2) * V[i] + 2 * X[i] * 0.1 * (i + 1));
    assertClose(result.products().get(1), i -> 2 * X[i] * V[i]);
  }

  @Test
  void hvpDefaultsToReverseOverReverse() {
    assertClose(Func.hvp(z -> z.pow(3).sum(), x, v).product(), i -> 6 * X[i] * V[i]);
  }

  @Test
  void outputsMayBeInputsCapturedOrTheSameTwice() {
    Tensor captured = Tensor.of(5.0, 6.0, 7.0);
    JvpN result =
        Func.jvp(
            in -> {
              Tensor made = in.getFirst().mul(2.0);
              return List.of(made, in.getFirst(), captured, made);
            },
            List.of(x),
            List.of(v));
    assertClose(result.outputs().get(0), i -> 2 * X[i]);
    assertClose(result.outputs().get(1), i -> X[i]);
    assertClose(result.outputs().get(2), i -> 5 + i);
    assertClose(result.outputs().get(3), i -> 2 * X[i]);
    assertClose(result.tangents().get(1), i -> V[i]);
    assertClose(result.tangents().get(2), i -> 0);
    assertClose(result.tangents().get(3), i -> 2 * V[i]);
    assertThat(captured.isClosed()).isFalse();
    result.outputs().get(2).close();
    assertClose(captured, i -> 5 + i);
  }

  @Test
  void moreOutputsThanTheFirstGuess() {
    List<Tensor> outputs =
        Func.vjp(
                in -> {
                  List<Tensor> many = new java.util.ArrayList<>();
                  for (int i = 0; i < 100; i++) {
                    many.add(in.getFirst().mul((double) i));
                  }
                  return many;
                },
                List.of(x))
            .outputs();
    assertThat(outputs).hasSize(100);
    assertClose(outputs.get(99), i -> 99 * X[i]);
  }

  @Test
  void functionsMayOpenScopesOfTheirOwn() {
    Tensor gradient =
        Func.grad(
            z -> {
              try (Scope inner = Scope.open()) {
                Tensor doubled = z.mul(2.0);
                return inner.keep(doubled.square().sum());
              }
            },
            x);
    assertClose(gradient, i -> 8 * X[i]);
    assertThat(Scope.current()).isSameAs(scope);
  }

  @Test
  void resultsBelongToTheCallersScope() {
    Tensor gradient;
    try (Scope _ = Scope.open()) {
      gradient = Func.grad(z -> z.square().sum(), x);
      assertThat(gradient.isClosed()).isFalse();
    }
    assertThat(gradient.isClosed()).isTrue();
  }

  @Test
  void operatorsWithoutAForwardRuleAreReroutedToReverseMode() {
    // The forward rule of layer_norm is wrong under reverse mode upstream; f = sum layerNorm(x)^3.
    TensorFunction f = z -> z.layerNorm(new long[] {3}, null, null, 1e-5).pow(3);
    Tensor tangent = Func.jvp(f, x, v).tangent();
    assertClose(tangent, References.directionalDifference(f, X, V), 1e-7);
    Tensor mixed = Func.grad(z -> Func.jvp(f, z, v).tangent().sum(), x);
    Hvp second = Func.hvp(z -> f.apply(z).sum(), x, v);
    assertClose(mixed, second.product().toDoubleArray(), 1e-9);
  }
}
