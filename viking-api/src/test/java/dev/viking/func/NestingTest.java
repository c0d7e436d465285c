package dev.viking.func;

import static dev.viking.func.References.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every transform of every transform, and of every transform of that.
 *
 * <p>Starting from the sine of each element, each transform below makes another function of each
 * element, {@code c sin^(k)(x)}: it raises the order k of the derivative and may multiply by the
 * vector v. So the value of any nesting is known in closed form.
 */
@ExtendWith(LiveHandles.class)
class NestingTest {
  private static final double[] X = {0.3, -1.1, 2.0};
  private static final double[] V = {1.5, -0.5, 0.25};

  /** A transform of functions of each element. */
  private record Layer(
      String name, int orders, int factors, UnaryOperator<TensorFunction> transform) {}

  private static Tensor v() {
    return Tensor.of(V);
  }

  private static final List<Layer> LAYERS =
      List.of(
          new Layer("jvp", 1, 1, f -> z -> Func.jvp(f, z, v()).tangent()),
          new Layer("vjp", 1, 1, f -> z -> Func.vjp(f, z).pullback(v())),
          new Layer("grad", 1, 0, f -> z -> Func.grad(y -> f.apply(y).sum(), z)),
          new Layer("vmap", 0, 0, NestingTest::secondRow),
          new Layer("jacrev", 1, 0, f -> z -> Func.jacrev(f, z).diagonal()),
          new Layer("jacfwd", 1, 0, f -> z -> Func.jacfwd(f, z).diagonal()),
          new Layer("hvp(r/r)", 2, 1, f -> hessian(f, HvpMode.REVERSE_OVER_REVERSE)),
          new Layer("hvp(f/r)", 2, 1, f -> hessian(f, HvpMode.FORWARD_OVER_REVERSE)));

  private static TensorFunction secondRow(TensorFunction f) {
    TensorFunction batched = Func.vmap(f);
    return z -> batched.apply(Tensor.stack(List.of(z.mul(2.0), z), 0)).select(0, 1);
  }

  private static TensorFunction hessian(TensorFunction f, HvpMode mode) {
    return z -> Func.hvp(y -> f.apply(y).sum(), z, v(), mode).product();
  }

  private static DynamicTest nesting(Layer... outermostFirst) {
    StringBuilder name = new StringBuilder();
    int orders = 0;
    int factors = 0;
    TensorFunction nested = Tensor::sin;
    for (int i = outermostFirst.length - 1; i >= 0; i--) {
      Layer layer = outermostFirst[i];
      name.insert(0, i == 0 ? layer.name() : " of " + layer.name());
      orders += layer.orders();
      factors += layer.factors();
      nested = layer.transform().apply(nested);
    }
    TensorFunction function = nested;
    int k = orders;
    int m = factors;
    return DynamicTest.dynamicTest(
        name.toString(),
        () -> {
          try (Scope _ = Scope.open()) {
            assertClose(
                function.apply(Tensor.of(X)),
                i -> Math.pow(V[i], m) * Math.sin(X[i] + k * Math.PI / 2));
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> pairs() {
    return LAYERS.stream().flatMap(a -> LAYERS.stream().map(b -> nesting(a, b)));
  }

  @TestFactory
  Stream<DynamicTest> triples() {
    return LAYERS.stream()
        .flatMap(a -> LAYERS.stream().flatMap(b -> LAYERS.stream().map(c -> nesting(a, b, c))));
  }

  @Test
  void gradientsOfGradientsGoOn() {
    try (Scope _ = Scope.open()) {
      TensorFunction f = Tensor::sin;
      List<TensorFunction> derivatives = new ArrayList<>(List.of(f));
      for (int k = 1; k <= 6; k++) {
        TensorFunction previous = derivatives.getLast();
        derivatives.add(z -> Func.grad(y -> previous.apply(y).sum(), z));
        int order = k;
        assertClose(
            derivatives.getLast().apply(Tensor.of(X)), i -> Math.sin(X[i] + order * Math.PI / 2));
      }
    }
  }

  @Test
  void perExampleGradientsOfASmallNetwork() {
    // loss = sum tanh(W x)^2, against the derivative 2 tanh(a) (1 - tanh(a)^2) x^T in plain Java.
    double[] w = {0.2, -0.4, 0.7, 0.1, 0.5, -0.3};
    double[] inputs = {1, 2, 3, -1, 0.5, 2};
    try (Scope _ = Scope.open()) {
      Tensor weights = Tensor.of(w, 2, 3);
      Tensor batch = Tensor.of(inputs, 2, 3);
      Tensor gradients =
          Func.vmap(x -> Func.grad(p -> p.mv(x).tanh().square().sum(), weights)).apply(batch);
      assertThat(gradients.shape()).containsExactly(2, 2, 3);
      assertClose(
          gradients,
          i -> {
            int example = i / 6;
            int row = i / 3 % 2;
            double a = 0;
            for (int j = 0; j < 3; j++) {
              a += w[row * 3 + j] * inputs[example * 3 + j];
            }
            double t = Math.tanh(a);
            return 2 * t * (1 - t * t) * inputs[example * 3 + i % 3];
          });
    }
  }

  @Test
  void theHessianByJacobiansIsTheDenseOne() {
    // f = log sum exp(A x): H = A^T (diag(p) - p p^T) A in plain Java.
    double[][] a = {{1, 2}, {0, -1}, {0.5, 0.5}};
    double[] x = {0.4, -0.2};
    double[] p = new double[3];
    double total = 0;
    for (int i = 0; i < 3; i++) {
      p[i] = Math.exp(a[i][0] * x[0] + a[i][1] * x[1]);
      total += p[i];
    }
    double[] mean = new double[2];
    for (int i = 0; i < 3; i++) {
      p[i] /= total;
      mean[0] += p[i] * a[i][0];
      mean[1] += p[i] * a[i][1];
    }
    double[] hessian = new double[4];
    for (int i = 0; i < 3; i++) {
      for (int rc = 0; rc < 4; rc++) {
        hessian[rc] += p[i] * (a[i][rc / 2] - mean[rc / 2]) * (a[i][rc % 2] - mean[rc % 2]);
      }
    }
    try (Scope _ = Scope.open()) {
      Tensor matrix = Tensor.of(new double[] {1, 2, 0, -1, 0.5, 0.5}, 3, 2);
      TensorFunction f = z -> matrix.mv(z).logsumexp(0, false);
      Tensor point = Tensor.of(x);
      TensorFunction gradient = z -> Func.grad(f, z);
      assertClose(Func.jacfwd(z -> Func.jacrev(f, z), point), i -> hessian[i]);
      assertClose(Func.jacrev(z -> Func.jacfwd(f, z), point), i -> hessian[i]);
      assertClose(Func.jacfwd(gradient, point), i -> hessian[i]);
      assertClose(Func.jacrev(gradient, point, 1), i -> hessian[i]);
      Tensor identity = Tensor.of(new double[] {1, 0, 0, 1}, 2, 2);
      assertClose(Func.vmap(v -> Func.hvp(f, point, v).product()).apply(identity), i -> hessian[i]);
      assertClose(
          Func.vmap(v -> Func.jvp(gradient, point, v).tangent()).apply(identity), i -> hessian[i]);
    }
  }

  @Test
  void pullbacksWorkUnderVmap() {
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.of(X);
      try (Vjp vjp = Func.vjp(Tensor::sin, x)) {
        Tensor eye = Tensor.of(new double[] {1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3);
        Tensor jacobian = Func.vmap(vjp::pullback).apply(eye);
        assertClose(jacobian, i -> i % 4 == 0 ? Math.cos(X[i / 4]) : 0);
      }
    }
  }

  @Test
  void vmapsNestOverDifferentDimensions() {
    try (Scope _ = Scope.open()) {
      Tensor a = Tensor.of(new double[] {1, 2, 3, 4}, 2, 2);
      Tensor b = Tensor.of(new double[] {5, 6, 7, 8}, 2, 2);
      // All pairs of rows: a b^T.
      Tensor products = Func.vmap(row -> Func.vmap(other -> row.dot(other)).apply(b)).apply(a);
      assertThat(products.toDoubleArray()).containsExactly(17, 23, 39, 53);
    }
  }
}
