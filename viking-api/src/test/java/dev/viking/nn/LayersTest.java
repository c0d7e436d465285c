package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The hand-written derivatives of every layer and its options against the transforms. */
@ExtendWith(LiveHandles.class)
class LayersTest {
  private static final long BATCH = 3;
  // Large enough for the convolution kernels, see Conv2dTape.
  private static final long LARGE = 26;

  /** A model. */
  record Case(String name, Sequential model) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Case images(String name, long channels, long size, Layer... layers) {
    return new Case(
        name, Sequential.of(new long[] {channels, size, size - 1}, closed(List.of(layers))));
  }

  /** Layers that end in channels, closed by a curved function and a linear layer. */
  private static List<Layer> closed(List<Layer> layers) {
    Layer last = layers.getLast();
    long channels =
        switch (last) {
          case Conv2d convolution -> convolution.outputs();
          default -> 4;
        };
    return Stream.concat(
            layers.stream(),
            Stream.of(Activation.TANH, new GlobalAvgPool2d(), new Linear("end", channels, 3)))
        .toList();
  }

  private static Case convolution(String name, long size, Window window) {
    return images(
        name,
        2,
        size,
        new Conv2d("first", 2, 4, Window.of(3).padding(1)),
        Activation.SOFTPLUS,
        new Conv2d("layer", 4, 4, window));
  }

  private static Case convolution(String name, long size, Conv2d layer) {
    return images(
        name,
        2,
        size,
        new Conv2d("first", 2, 4, Window.of(3).padding(1)).withoutBias(),
        Activation.SOFTPLUS,
        layer);
  }

  private static Stream<Case> convolutions(String name, long size) {
    return Stream.of(
        convolution(name + " plain", size, Window.of(3)),
        convolution(name + " padded", size, Window.of(3).padding(1)),
        convolution(name + " one by one", size, Window.of(1).stride(2)),
        convolution(name + " rectangular", size, Window.of(2, 3).stride(1, 2)),
        convolution(name + " strides", size, Window.of(3, 2).stride(2, 1).padding(1)),
        convolution(name + " dilated", size, Window.of(3).dilation(2, 1).padding(2, 2, 1, 1)),
        convolution(name + " uneven", size, Window.of(3).padding(1, 0, 2, 1)),
        convolution(
            name + " all", size, Window.of(3, 2).stride(2, 3).padding(0, 3, 1, 2).dilation(2)),
        convolution(name + " same", size, Window.of(3).stride(2).same(size, size - 1)),
        convolution(name + " no bias", size, new Conv2d("layer", 4, 5, 3).withoutBias()),
        convolution(name + " grouped", size, new Conv2d("layer", 4, 6, 3, 1, 1).withGroups(2)),
        convolution(
            name + " depthwise",
            size,
            new Conv2d("layer", 4, 4, Window.of(3).stride(2).padding(0, 1, 0, 1))
                .withGroups(4)
                .withoutBias()));
  }

  private static BatchNorm2d batchNorm(String name, int channels) {
    Random random = new Random(channels);
    return new BatchNorm2d(name, channels)
        .withStatistics(
            new ChannelStatistics(
                random.doubles(channels, -1, 1).toArray(),
                random.doubles(channels, 0.3, 2).toArray()));
  }

  private static Case positions(String name, Layer... layers) {
    return new Case(
        name,
        Sequential.of(
            new long[] {5},
            Stream.concat(
                    Stream.concat(Stream.of(new Embedding("table", 7, 4)), Stream.of(layers)),
                    Stream.of(Activation.GELU, new MeanOverPositions(), new Linear("end", 4, 3)))
                .toList()));
  }

  private static Case units(String name, Layer... layers) {
    return new Case(
        name,
        Sequential.of(
            new long[] {6},
            Stream.concat(
                    Stream.concat(Stream.of(new Linear("first", 6, 8)), Stream.of(layers)),
                    Stream.of(Activation.TANH, new Flatten(), new Linear("end", 8, 3)))
                .toList()));
  }

  static Stream<Case> cases() {
    Conv2d first = new Conv2d("first", 2, 4, 3);
    Stream<Case> others =
        Stream.of(
            images("batch norm", 2, 7, first, batchNorm("norm", 4)),
            images("batch norm first", 4, 7, batchNorm("norm", 4)),
            images(
                "batch norms", 2, 7, first, batchNorm("a", 4), Activation.ELU, batchNorm("b", 4)),
            images("group norm", 2, 7, first, new GroupNorm("norm", 2, 4)),
            images("one group", 2, 7, first, new GroupNorm("norm", 1, 4, 0.1), Activation.SIGMOID),
            images("instance norm", 2, 7, first, GroupNorm.instance("norm", 4)),
            images("instance norm first", 4, 7, GroupNorm.instance("norm", 4)),
            images("bias of channels", 2, 7, first, Bias.of("bias", 4, 1, 1)),
            images("bias of rows first", 4, 7, Bias.of("bias", 1, 7, 1), Activation.SILU),
            images("padded maxima", 2, 8, first, new MaxPool2d(3, 2, 1)),
            images("padded means", 2, 8, first, new AvgPool2d(3, 2, 1)),
            images("dropout", 2, 5, first, new Dropout(0.4), Activation.ELU),
            images("enlarged", 2, 5, first, new Upsample2d(3), Activation.ELU),
            images(
                "residual blocks",
                2,
                9,
                first,
                new Residual(
                    List.of(
                        new Conv2d("a", 4, 6, Window.of(3).stride(2).same(7, 6)).withoutBias(),
                        batchNorm("n1", 6),
                        Activation.ELU,
                        new Conv2d("b", 6, 4, 3, 1, 1),
                        batchNorm("n2", 4)),
                    List.of(new Conv2d("c", 4, 4, Window.of(1).stride(2)))),
                Activation.SILU,
                new Residual(List.of(new GroupNorm("g", 2, 4), Bias.of("k", 4, 1, 1)))),
            units("residual", new Residual(List.of(new LayerNorm("n", 8), new Linear("a", 8, 8)))),
            units("layer norm", new LayerNorm("norm", 8)),
            units(
                "layer norm twice", new LayerNorm("a", 8), Activation.GELU, new LayerNorm("b", 8)),
            units("RMS norm", new RmsNorm("norm", 8, 1e-3)),
            units("group norm of units", new GroupNorm("norm", 2, 8)),
            units("no bias", new Linear("layer", 8, 8).withoutBias()),
            units("made images", Unflatten.of(2, 2, 2), Activation.ELU),
            new Case(
                "norm first",
                Sequential.of(
                    new long[] {6},
                    List.of(new LayerNorm("norm", 6), Activation.ELU, new Linear("end", 6, 3)))),
            positions("embedding"),
            new Case(
                "wide tables and maps",
                Sequential.of(
                    new long[] {5},
                    List.of(
                        new Embedding("table", 300, 40),
                        new Linear("a", 40, 20),
                        Activation.TANH,
                        new MeanOverPositions(),
                        new Linear("b", 20, 700).withoutBias(),
                        Activation.SILU,
                        new Linear("c", 700, 20),
                        Activation.ELU,
                        new Linear("end", 20, 3)))),
            positions("positions", Bias.of("places", 5, 4), new Linear("layer", 4, 4)),
            positions(
                "positions without bias",
                Activation.TANH,
                new Linear("a", 4, 4).withoutBias(),
                new RmsNorm("norm", 4),
                new Linear("b", 4, 4)),
            positions("layer norm of positions", new LayerNorm("norm", 4), new Linear("a", 4, 4)),
            new Case(
                "linear over images",
                Sequential.of(
                    new long[] {2, 3, 4},
                    List.of(
                        new Linear("a", 4, 3),
                        Activation.TANH,
                        new LayerNorm("norm", 3),
                        new Linear("b", 3, 2),
                        new Flatten(),
                        Activation.SOFTPLUS,
                        new Linear("end", 12, 3)))));
    Stream<Case> activations =
        Stream.of(Activation.values())
            .map(function -> units(function.toString(), function, new Linear("a", 8, 8)));
    return Stream.of(convolutions("small", 8), convolutions("large", LARGE), others, activations)
        .flatMap(cases -> cases);
  }

  /** Distance relative to the size of what is expected. */
  private static double error(Tensor given, Tensor expected) {
    assertThat(given.shape()).isEqualTo(expected.shape());
    assertThat(given.dtype()).isEqualTo(expected.dtype());
    double size = expected.norm().item();
    assertThat(size).isPositive();
    return given.sub(expected).norm().item() / size;
  }

  private static Tensor parameters(Sequential model, Rng rng, DType type) {
    Tensor start =
        model.withInitialiser(Initialisers.uniformFanIn()).initialise(rng, type, Device.CPU);
    return start.mul(1.2).addScaled(Tensor.randn(rng, type, start.numel()), 0.15);
  }

  private static Tensor inputs(Sequential model, Rng rng, DType type) {
    long[] example = model.inputShape();
    long[] shape = new long[example.length + 1];
    shape[0] = BATCH;
    System.arraycopy(example, 0, shape, 1, example.length);
    return model.layers().getFirst() instanceof Embedding embedding
        ? Tensor.randint(rng, 0, Math.min(7, embedding.tokens()), shape)
        : Tensor.randn(rng, type, shape);
  }

  private static void compare(Sequential model, DType type, double tolerance) {
    Loss loss = Losses.softmaxCrossEntropy();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(21)) {
      Tensor parameters = parameters(model, rng, type);
      Tensor inputs = inputs(model, rng, type);
      Tensor targets = Tensor.randint(rng, 0, model.outputs(), BATCH);
      long size = parameters.numel();
      try (Linearisation structured = Linearisation.of(model, loss, parameters, inputs, targets);
          Linearisation generic = Linearisation.generic(model, loss, parameters, inputs, targets)) {
        assertThat(structured).isInstanceOf(StructuredLinearisation.class);
        assertThat(error(structured.outputs(), generic.outputs())).isLessThan(tolerance);
        assertThat(error(structured.lossJacobian(), generic.lossJacobian())).isLessThan(tolerance);
        assertThat(error(structured.functionJacobian(), generic.functionJacobian()))
            .isLessThan(tolerance);
        Tensor weights = Tensor.randn(rng, type, BATCH);
        assertThat(error(structured.lossGradient(weights), generic.lossGradient(weights)))
            .isLessThan(tolerance);
        for (long count : new long[] {1, 3, 8}) {
          Tensor vectors = Tensor.randn(rng, type, count, size);
          Tensor many = Tensor.randn(rng, type, count, BATCH);
          assertThat(
                  error(
                      structured.lossWeightedHvp(many, vectors),
                      generic.lossWeightedHvp(many, vectors)))
              .isLessThan(10 * tolerance);
        }
        Tensor vectors = Tensor.randn(rng, type, 2, size);
        assertThat(error(structured.functionJvp(vectors), generic.functionJvp(vectors)))
            .isLessThan(tolerance);
        Tensor cotangents = Tensor.randn(rng, type, 2, BATCH, model.outputs());
        assertThat(error(structured.functionVjp(cotangents), generic.functionVjp(cotangents)))
            .isLessThan(tolerance);
        Tensor each = Tensor.randn(rng, type, 2, BATCH * model.outputs());
        assertThat(
                error(
                    structured.functionWeightedHvp(each, vectors),
                    generic.functionWeightedHvp(each, vectors)))
            .isLessThan(10 * tolerance);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void structuredIsGenericInDoublePrecision(Case given) {
    compare(given.model(), DType.FLOAT64, 1e-12);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void structuredIsGenericInSinglePrecision(Case given) {
    compare(given.model(), DType.FLOAT32, 2e-5);
  }

  /** Independent of every derivative of libtorch: both sides use values of the model only. */
  @ParameterizedTest
  @MethodSource("cases")
  void weightedHvpIsTheSlopeOfSlopes(Case given) {
    Sequential model = given.model();
    Loss loss = Losses.softmaxCrossEntropy();
    double step = 1e-4;
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(22)) {
      Tensor parameters = parameters(model, rng, DType.FLOAT64);
      Tensor inputs = inputs(model, rng, DType.FLOAT64);
      Tensor targets = Tensor.randint(rng, 0, model.outputs(), BATCH);
      Tensor weights = Tensor.randn(rng, DType.FLOAT64, 1, BATCH);
      Tensor v = Tensor.randn(rng, DType.FLOAT64, 1, parameters.numel());
      Tensor u = Tensor.randn(rng, DType.FLOAT64, parameters.numel());
      v.div_(v.norm());
      u.div_(u.norm());
      double product;
      try (Linearisation at = Linearisation.of(model, loss, parameters, inputs, targets)) {
        product = at.lossWeightedHvp(weights, v).dot(u).item();
      }
      double expected = 0;
      for (int sign = 0; sign < 4; sign++) {
        double alongU = (sign & 1) == 0 ? step : -step;
        double alongV = (sign & 2) == 0 ? step : -step;
        Tensor moved = parameters.addScaled(u, alongU).addScaled(v.squeeze(0), alongV);
        double value =
            loss.perExample(model.apply(moved, inputs), targets).dot(weights.squeeze(0)).item();
        expected += Math.signum(alongU * alongV) * value / (4 * step * step);
      }
      // Rounding of the values over step^2, and the next term of the series.
      assertThat(Math.abs(product - expected)).isLessThan(2e-6 * (1 + Math.abs(expected)));
    }
  }

  /** Whatever form the layers' columns take, the products are those of the matrix. */
  @ParameterizedTest
  @MethodSource("cases")
  void columnsByLayerAreTheMatrix(Case given) {
    Sequential model = given.model();
    Loss loss = Losses.softmaxCrossEntropy();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(23)) {
      Tensor parameters = parameters(model, rng, DType.FLOAT64);
      Tensor inputs = inputs(model, rng, DType.FLOAT64);
      Tensor targets = Tensor.randint(rng, 0, model.outputs(), BATCH);
      try (Linearisation at = Linearisation.of(model, loss, parameters, inputs, targets)) {
        for (long limit : new long[] {0, 1L << 40}) {
          assertIs(at.lossRows(limit), at.lossJacobian(), rng);
          assertIs(at.functionRows(limit), at.functionJacobian(), rng);
        }
      }
    }
  }

  private static void assertIs(BatchJacobian rows, Tensor matrix, Rng rng) {
    assertThat(error(rows.dense(), matrix)).isLessThan(1e-14);
    assertThat(error(rows.gram(), matrix.mm(matrix.t()))).isLessThan(1e-13);
    for (long samples : new long[] {1, 3}) {
      Tensor vectors = Tensor.randn(rng, DType.FLOAT64, samples, matrix.size(1));
      assertThat(error(rows.product(vectors), vectors.mm(matrix.t()))).isLessThan(1e-13);
      Tensor weights = Tensor.randn(rng, DType.FLOAT64, samples, matrix.size(0));
      assertThat(error(rows.transposeProduct(weights), weights.mm(matrix))).isLessThan(1e-13);
      Tensor expected = vectors.addmm(weights, matrix, 1, -0.5);
      rows.addTransposeProduct(vectors, weights, -0.5);
      assertThat(error(vectors, expected)).isLessThan(1e-13);
    }
  }

  @Test
  void wideTablesAndMapsAreKeptAsFactors() {
    Sequential model =
        cases().filter(given -> given.name().startsWith("wide")).toList().getFirst().model();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(24)) {
      Tensor parameters = parameters(model, rng, DType.FLOAT64);
      try (Linearisation at =
          Linearisation.of(model, parameters, inputs(model, rng, DType.FLOAT64))) {
        BatchJacobian rows = at.functionRows(1L << 40);
        assertThat(rows.toString())
            .contains("table factored")
            .contains("a rows")
            .contains("b factored");
        assertThat(rows.bytes()).isLessThan(at.functionJacobian().numel() * 8 / 10);
      }
    }
  }
}
