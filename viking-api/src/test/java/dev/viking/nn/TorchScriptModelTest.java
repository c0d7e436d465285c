package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.viking.func.Func;
import dev.viking.func.HvpMode;
import dev.viking.func.TensorFunction;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Imported modules against the same networks in tensor operators, and finite differences. */
@ExtendWith(LiveHandles.class)
class TorchScriptModelTest {
  private static final int BATCH = 3;

  /** A network written with the operators of tensors. */
  private interface Reference {
    Tensor apply(Map<String, Tensor> p, Tensor x);
  }

  /** A module with one example's input shape and the network that it must be. */
  record Case(String file, Reference reference, long... shape) {
    @Override
    public String toString() {
      return file;
    }
  }

  static Path file(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(
                  TorchScriptModelTest.class.getResource("torchscript/" + name + ".pt"))
              .toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case("mlp", TorchScriptModelTest::mlp, 3),
        new Case("mlp-traced", TorchScriptModelTest::mlp, 3),
        new Case("cnn", TorchScriptModelTest::cnn, 1, 6, 6),
        new Case("cnn-traced", TorchScriptModelTest::cnn, 1, 6, 6),
        new Case("control", TorchScriptModelTest::control, 3),
        new Case("layer-norm", TorchScriptModelTest::layerNorm, 3),
        new Case("shared", TorchScriptModelTest::shared, 3),
        new Case("attention", TorchScriptModelTest::attention, 5, 4),
        new Case("recurrent", TorchScriptModelTest::recurrent, 4, 3),
        new Case("encoder", TorchScriptModelTest::encoder, 3, 4));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void givesTheOutputsOfTheNetwork(Case given) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(3);
        TorchScriptModel model = TorchScriptModel.load(file(given.file()))) {
      Tensor x = inputs(given, rng);
      Tensor parameters = model.initialParameters();
      Tensor moved = parameters.add(Tensor.randn(rng, DType.FLOAT64, parameters.shape()).mul(0.1));
      for (Tensor p : List.of(parameters, moved)) {
        close(model.apply(p, x), given.reference().apply(model.layout().toMap(p), x), 1e-12);
      }
    }
  }

  /** libtorch's recurrent layers cannot be batched by vmap. */
  static Stream<Case> batchedCases() {
    return cases().filter(given -> !given.file().equals("recurrent"));
  }

  @ParameterizedTest
  @MethodSource("batchedCases")
  void derivativesAgreeWithFiniteDifferences(Case given) {
    Loss loss = (z, y) -> z.sub(y).square().square().sum(1).add(z.sin().sum(1));
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(4);
        TorchScriptModel model = TorchScriptModel.load(file(given.file()))) {
      Tensor x = inputs(given, rng);
      Tensor p = model.initialParameters();
      long[] outputShape = model.apply(p, x).shape();
      Tensor y = Tensor.randn(rng, DType.FLOAT64, outputShape);
      Tensor w = Tensor.randn(rng, DType.FLOAT64, 1, BATCH);
      Tensor v = Tensor.randn(rng, DType.FLOAT64, 1, p.size(0));
      TensorFunction losses = q -> loss.perExample(model.apply(q, x), y);
      try (Linearisation at = Linearisation.of(model, loss, p, x, y)) {
        Tensor jacobian = differences(losses, p);
        close(at.lossJacobian(), jacobian, 1e-6);
        close(at.lossGradient(w.select(0, 0)), w.matmul(jacobian).select(0, 0), 1e-6);
        close(at.functionJacobian(), differences(q -> model.apply(q, x).flatten(), p), 1e-6);
        Tensor outputs = at.functionJacobian();
        close(at.functionJvp(v).flatten(), outputs.matmul(v.select(0, 0)), 1e-10);
        Tensor cotangents = Tensor.randn(rng, DType.FLOAT64, 1, BATCH, outputShape[1]);
        close(at.functionVjp(cotangents), cotangents.view(1, -1).matmul(outputs), 1e-10);
        BatchJacobian bare = at.functionRows(0);
        close(bare.product(v), v.matmul(outputs.t()), 1e-10);
        Tensor weights = cotangents.view(1, -1);
        close(bare.transposeProduct(weights), weights.matmul(outputs), 1e-10);
        close(bare.gram(), outputs.matmul(outputs.t()), 1e-10);
        TensorFunction gradient = q -> Func.grad(r -> losses.apply(r).mul(w.select(0, 0)).sum(), q);
        Tensor product = along(gradient, p, v.select(0, 0));
        close(at.lossWeightedHvp(w, v), product, 1e-5);
        for (HvpMode mode : HvpMode.values()) {
          TensorFunction scalar = q -> losses.apply(q).mul(w.select(0, 0)).sum();
          close(Func.hvp(scalar, p, v.select(0, 0), mode).product(), product, 1e-5);
        }
        // Reverse over forward, and three derivatives.
        TensorFunction slope = q -> Func.jvp(losses, q, v.select(0, 0)).tangent();
        close(Func.grad(q -> slope.apply(q).mul(w.select(0, 0)).sum(), p), product, 1e-5);
        TensorFunction curvature = q -> Func.jvp(gradient, q, v.select(0, 0)).tangent();
        close(
            Func.jvp(curvature, p, v.select(0, 0)).tangent(),
            along(curvature, p, v.select(0, 0)),
            1e-4);
      }
    }
  }

  @Test
  void sharesParametersThatHaveSeveralNames() {
    try (Scope _ = Scope.open();
        TorchScriptModel model = TorchScriptModel.load(file("shared"))) {
      assertThat(model.layout().entries().stream().map(ParameterLayout.Entry::name))
          .containsExactly("encode.weight", "encode.bias", "decode.bias");
      assertThat(model.contents().shared())
          .containsEntry("decode.weight", "encode.weight")
          .containsEntry("again.bias", "encode.bias");
    }
  }

  @Test
  void convertsToAnotherTypeAndStartsAtTheFilesValues() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5);
        TorchScriptModel own = TorchScriptModel.load(file("mlp-float32"));
        TorchScriptModel wide =
            TorchScriptModel.load(file("mlp-float32"), DType.FLOAT64, Device.CPU)) {
      assertThat(own.dtype()).isEqualTo(DType.FLOAT32);
      Tensor narrow = own.initialise(rng, DType.FLOAT32, Device.CPU);
      Tensor p = wide.initialise(rng, DType.FLOAT64, Device.CPU);
      close(p, narrow.to(DType.FLOAT64), 0);
      Tensor x = Tensor.randn(rng, DType.FLOAT64, 4, 3);
      close(own.apply(narrow, x.to(DType.FLOAT32)).to(DType.FLOAT64), wide.apply(p, x), 1e-5);
    }
  }

  @Test
  void servesSeveralThreadsAtOnce() throws Exception {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(6);
        ExecutorService pool = Executors.newFixedThreadPool(4);
        TorchScriptModel model = TorchScriptModel.load(file("cnn"))) {
      Tensor x = Tensor.randn(rng, DType.FLOAT64, BATCH, 1, 6, 6);
      Tensor p = model.initialParameters();
      List<Callable<double[][]>> tasks =
          Stream.of(0.5, 1.0, 1.5, 2.0)
              .<Callable<double[][]>>map(factor -> () -> gradients(model, p, x, factor))
              .toList();
      for (Future<double[][]> future : pool.invokeAll(tasks)) {
        double[][] both = future.get();
        assertThat(both[0]).containsExactly(both[1], within(1e-11));
      }
    }
  }

  private static double[][] gradients(TorchScriptModel model, Tensor p, Tensor x, double factor) {
    double[][] result = new double[2][];
    for (int i = 0; i < 10; i++) {
      try (Scope _ = Scope.open()) {
        Tensor scaled = p.mul(factor);
        result[0] = Func.grad(q -> model.apply(q, x).square().sum(), scaled).toDoubleArray();
        result[1] =
            Func.grad(q -> cnn(model.layout().toMap(q), x).square().sum(), scaled).toDoubleArray();
        assertThat(result[0]).containsExactly(result[1], within(1e-11));
      }
    }
    return result;
  }

  private static Tensor inputs(Case given, Rng rng) {
    long[] shape = new long[given.shape().length + 1];
    shape[0] = BATCH;
    System.arraycopy(given.shape(), 0, shape, 1, given.shape().length);
    return Tensor.randn(rng, DType.FLOAT64, shape);
  }

  /** The Jacobian [outputs, D] by central differences with two steps extrapolated. */
  private static Tensor differences(TensorFunction f, Tensor p) {
    Tensor identity = Tensor.eye(p.size(0), DType.FLOAT64, Device.CPU);
    List<Tensor> columns =
        Stream.iterate(0L, i -> i + 1)
            .limit(p.size(0))
            .map(i -> along(f, p, identity.select(0, i)))
            .toList();
    return Tensor.stack(columns, 1);
  }

  private static Tensor along(TensorFunction f, Tensor p, Tensor v) {
    double step = 1e-3;
    Tensor near = f.apply(p.addScaled(v, step)).sub(f.apply(p.addScaled(v, -step)));
    Tensor far = f.apply(p.addScaled(v, 2 * step)).sub(f.apply(p.addScaled(v, -2 * step)));
    return near.mul(8).sub(far).div(12 * step);
  }

  private static void close(Tensor got, Tensor expected, double tolerance) {
    double[] a = got.toDoubleArray();
    double[] b = expected.toDoubleArray();
    assertThat(a).hasSameSizeAs(b);
    for (int i = 0; i < a.length; i++) {
      assertThat(a[i])
          .as("element %d", i)
          .isCloseTo(b[i], within(tolerance * Math.max(1, Math.abs(b[i]))));
    }
  }

  private static Tensor linear(Map<String, Tensor> p, String name, Tensor x) {
    return x.matmul(get(p, name + ".weight").transpose(0, 1)).add(get(p, name + ".bias"));
  }

  private static Tensor get(Map<String, Tensor> p, String name) {
    return Objects.requireNonNull(p.get(name), name);
  }

  private static Tensor mlp(Map<String, Tensor> p, Tensor x) {
    return linear(p, "2", linear(p, "0", x).tanh());
  }

  /** Convolution by windows; the norm's statistics are those that the script wrote. */
  private static Tensor cnn(Map<String, Tensor> p, Tensor x) {
    long[] ones = {1, 1};
    Tensor windows = x.unfold(new long[] {3, 3}, ones, new long[] {0, 0}, ones).transpose(1, 2);
    Tensor maps =
        windows
            .matmul(get(p, "conv.weight").view(3, 9).transpose(0, 1))
            .add(get(p, "conv.bias"))
            .transpose(1, 2)
            .reshape(-1, 3, 4, 4);
    Tensor mean = Tensor.of(-0.2, 0.05, 0.3).view(3, 1, 1);
    Tensor variance = Tensor.of(0.5, 1.0, 1.5).view(3, 1, 1);
    Tensor normal = maps.sub(mean).div(variance.add(1e-5).sqrt());
    Tensor scaled =
        normal.mul(get(p, "norm.weight").view(3, 1, 1)).add(get(p, "norm.bias").view(3, 1, 1));
    Tensor active = scaled.mul(scaled.sigmoid());
    Tensor pooled = active.reshape(-1, 3, 2, 2, 2, 2).mean(new long[] {3, 5}, false);
    return linear(p, "head", pooled.flatten(1, 3));
  }

  private static Tensor control(Map<String, Tensor> p, Tensor x) {
    Tensor first = linear(p, "first", x).tanh();
    Tensor second = linear(p, "cell", first).tanh().mul(0.5).add(first);
    Tensor third = linear(p, "cell", second).tanh().mul(0.5);
    Tensor fourth = linear(p, "cell", third).tanh().mul(0.5).add(first);
    return linear(p, "last", fourth.add(second));
  }

  private static Tensor norm(Map<String, Tensor> p, String name, Tensor x) {
    Tensor centred = x.sub(x.mean(-1, true));
    Tensor variance = centred.square().mean(-1, true);
    return centred
        .div(variance.add(1e-5).sqrt())
        .mul(get(p, name + ".weight"))
        .add(get(p, name + ".bias"));
  }

  private static Tensor layerNorm(Map<String, Tensor> p, Tensor x) {
    Tensor z = norm(p, "norm", linear(p, "first", x));
    Tensor gelu = z.mul(z.div(Math.sqrt(2)).erf().add(1)).mul(0.5);
    return linear(p, "last", gelu);
  }

  private static Tensor shared(Map<String, Tensor> p, Tensor x) {
    Tensor again = linear(p, "encode", linear(p, "encode", x).tanh()).sin();
    return again.matmul(get(p, "encode.weight").transpose(0, 1)).add(get(p, "decode.bias"));
  }

  private static Tensor attend(Tensor q, Tensor k, Tensor v) {
    double scale = 1 / Math.sqrt(q.size(-1));
    return q.matmul(k.transpose(-2, -1)).mul(scale).softmax(-1).matmul(v);
  }

  private static Tensor attention(Map<String, Tensor> p, Tensor x) {
    Tensor qkv = linear(p, "project", x);
    Tensor mixed = attend(qkv.narrow(2, 0, 4), qkv.narrow(2, 4, 4), qkv.narrow(2, 8, 4));
    return linear(p, "head", mixed.mean(1, false));
  }

  private static Tensor recurrent(Map<String, Tensor> p, Tensor x) {
    Tensor h = Tensor.zeros(DType.FLOAT64, x.size(0), 4);
    Tensor c = h;
    for (long t = 0; t < x.size(1); t++) {
      Tensor gates =
          x.select(1, t)
              .matmul(get(p, "lstm.weight_ih_l0").transpose(0, 1))
              .add(get(p, "lstm.bias_ih_l0"))
              .add(h.matmul(get(p, "lstm.weight_hh_l0").transpose(0, 1)))
              .add(get(p, "lstm.bias_hh_l0"));
      c =
          gates
              .narrow(1, 4, 4)
              .sigmoid()
              .mul(c)
              .add(gates.narrow(1, 0, 4).sigmoid().mul(gates.narrow(1, 8, 4).tanh()));
      h = gates.narrow(1, 12, 4).sigmoid().mul(c.tanh());
    }
    return linear(p, "head", h);
  }

  private static Tensor encoder(Map<String, Tensor> p, Tensor x) {
    Tensor qkv =
        x.matmul(get(p, "0.self_attn.in_proj_weight").transpose(0, 1))
            .add(get(p, "0.self_attn.in_proj_bias"));
    long batch = x.size(0);
    Tensor[] parts = new Tensor[3];
    for (int i = 0; i < 3; i++) {
      parts[i] = qkv.narrow(2, 4L * i, 4).reshape(batch, 3, 2, 2).transpose(1, 2);
    }
    Tensor mixed = attend(parts[0], parts[1], parts[2]).transpose(1, 2).reshape(batch, 3, 4);
    Tensor first = norm(p, "0.norm1", x.add(linear(p, "0.self_attn.out_proj", mixed)));
    Tensor forward = linear(p, "0.linear2", linear(p, "0.linear1", first).relu());
    return linear(p, "2", norm(p, "0.norm2", first.add(forward)).flatten(1, 2));
  }
}
