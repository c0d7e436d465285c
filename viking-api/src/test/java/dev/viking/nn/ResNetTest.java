package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Op;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Large models: sizes, names, and values against the same network in libtorch's own operators. */
@ExtendWith(LiveHandles.class)
class ResNetTest {
  private static final Op BATCH_NORM = Op.of("aten::batch_norm", "");

  /** A model with random parameters and statistics, and operators that look them up by name. */
  private static final class Network {
    final Sequential model;
    final Tensor parameters;
    final Map<String, Tensor> named;

    Network(Sequential start, Rng rng, DType type) {
      Map<String, ChannelStatistics> statistics = new LinkedHashMap<>();
      Random random = new Random(5);
      BatchStatistics.of(start)
          .forEach(
              (name, old) ->
                  statistics.put(
                      name,
                      new ChannelStatistics(
                          random.doubles(old.channels(), -0.3, 0.3).toArray(),
                          random.doubles(old.channels(), 0.5, 2).toArray())));
      model = BatchStatistics.with(start, statistics);
      Tensor drawn = model.initialise(rng, type, Device.CPU);
      parameters = drawn.addScaled(Tensor.randn(rng, type, drawn.numel()), 0.02);
      named = model.layout().toMap(parameters);
    }

    Tensor convolution(Tensor x, String name, long stride, long padding) {
      return x.conv2d(
          named.get(name + ".weight"), named.getOrDefault(name + ".bias", null), stride, padding);
    }

    Tensor norm(Tensor x, String name) {
      ChannelStatistics own = BatchStatistics.of(model).get(name);
      return BATCH_NORM.call(
          x,
          named.get(name + ".weight"),
          named.get(name + ".bias"),
          Tensor.of(own.mean()).to(x.dtype()),
          Tensor.of(own.variance()).to(x.dtype()),
          false,
          0.1,
          1e-5,
          false);
    }

    Tensor linear(Tensor x, String name) {
      return x.linear(named.get(name + ".weight"), named.get(name + ".bias"));
    }
  }

  private static double error(Tensor given, @Nullable Tensor expected) {
    assertThat(expected).isNotNull();
    assertThat(given.shape()).isEqualTo(expected.shape());
    return given.sub(expected).norm().item() / expected.norm().item();
  }

  @Test
  void parametersAreAsManyAsPublished() {
    assertThat(ResNet.cifar20().layout().total()).isEqualTo(272_378);
    assertThat(ResNet.resnet34(10).layout().total()).isEqualTo(21_289_802);
    assertThat(ResNet.resnet34(1000).layout().total()).isEqualTo(21_797_672);
    assertThat(ResNet.resnet18(1000).layout().total()).isEqualTo(11_689_512);
    assertThat(ImageDecoder.celebA().layout().total()).isEqualTo(1_762_291);
    assertThat(ImageDecoder.celebA().outputs()).isEqualTo(3 * 64 * 64);
    assertThat(
            BatchStatistics.of(ResNet.cifar20()).values().stream()
                .mapToInt(ChannelStatistics::channels)
                .sum())
        .isEqualTo(688);
  }

  @Test
  void namesAreTorchvisions() {
    assertThat(ResNet.resnet34(10).layout().entries().stream().map(ParameterLayout.Entry::name))
        .startsWith(
            "conv1.weight",
            "bn1.weight",
            "bn1.bias",
            "layer1.0.conv1.weight",
            "layer1.0.bn1.weight",
            "layer1.0.bn1.bias",
            "layer1.0.conv2.weight",
            "layer1.0.bn2.weight",
            "layer1.0.bn2.bias",
            "layer1.1.conv1.weight")
        .containsSubsequence(
            "layer2.0.bn2.bias",
            "layer2.0.downsample.0.weight",
            "layer2.0.downsample.1.weight",
            "layer2.0.downsample.1.bias",
            "layer2.1.conv1.weight")
        .endsWith("layer4.2.bn2.bias", "fc.weight", "fc.bias")
        .hasSize(110);
    assertThat(ResNet.cifar20().layout().entry("layer3.0.downsample.weight").shape())
        .containsExactly(64, 32, 1, 1);
  }

  @Test
  void cifar20AgreesWithLibtorchsOperators() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(1)) {
      Network net = new Network(ResNet.cifar20(), rng, DType.FLOAT64);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 2, 3, 32, 32);
      Tensor x = net.norm(net.convolution(inputs, "conv1", 1, 1), "bn1").relu();
      for (int stage = 1; stage <= 3; stage++) {
        for (int block = 0; block < 3; block++) {
          String name = "layer" + stage + "." + block;
          boolean halves = stage > 1 && block == 0;
          // SAME padding of an even size with stride 2: one row and one column at the end.
          Tensor first =
              halves
                  ? net.convolution(x.pad(new long[] {0, 1, 0, 1}, 0), name + ".conv1", 2, 0)
                  : net.convolution(x, name + ".conv1", 1, 1);
          Tensor inner = net.norm(first, name + ".bn1").relu();
          Tensor main = net.norm(net.convolution(inner, name + ".conv2", 1, 1), name + ".bn2");
          Tensor beside = halves ? net.convolution(x, name + ".downsample", 2, 0) : x;
          x = main.add(beside).relu();
        }
      }
      Tensor expected = net.linear(x.mean(2, 3), "fc");
      assertThat(error(net.model.apply(net.parameters, inputs), expected)).isLessThan(1e-12);
      try (Linearisation at = Linearisation.of(net.model, net.parameters, inputs)) {
        assertThat(error(at.outputs(), expected)).isLessThan(1e-12);
      }
    }
  }

  @Test
  void resnet34AgreesWithLibtorchsOperators() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(2)) {
      Network net = new Network(ResNet.resnet34(7), rng, DType.FLOAT32);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, 1, 3, 224, 224);
      Tensor x = net.norm(net.convolution(inputs, "conv1", 2, 3), "bn1").relu();
      x = x.maxPool2d(new long[] {3, 3}, new long[] {2, 2}, new long[] {1, 1}, new long[] {1, 1});
      int[] blocks = {3, 4, 6, 3};
      for (int stage = 1; stage <= 4; stage++) {
        for (int block = 0; block < blocks[stage - 1]; block++) {
          String name = "layer" + stage + "." + block;
          long stride = stage > 1 && block == 0 ? 2 : 1;
          Tensor inner =
              net.norm(net.convolution(x, name + ".conv1", stride, 1), name + ".bn1").relu();
          Tensor main = net.norm(net.convolution(inner, name + ".conv2", 1, 1), name + ".bn2");
          Tensor beside =
              stride == 1
                  ? x
                  : net.norm(
                      net.convolution(x, name + ".downsample.0", 2, 0), name + ".downsample.1");
          x = main.add(beside).relu();
        }
      }
      Tensor expected = net.linear(x.mean(2, 3), "fc");
      assertThat(error(net.model.apply(net.parameters, inputs), expected)).isLessThan(1e-5);
    }
  }

  @Test
  void decoderAgreesWithLibtorchsOperators() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(3)) {
      Network net = new Network(ImageDecoder.celebA(), rng, DType.FLOAT32);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, 2, 64);
      Tensor x = net.linear(inputs, "fc").elu(1).view(2, 256, 8, 8);
      for (int i = 1; i <= 5; i++) {
        if (i > 1 && i < 5) {
          x = x.interpolateNearest(2 * x.size(2), 2 * x.size(3));
        }
        x = net.convolution(x.pad(new long[] {1, 2, 1, 2}, 0), "conv" + i, 1, 0);
        x = i < 5 ? x.elu(1) : x;
      }
      assertThat(error(net.model.apply(net.parameters, inputs), x.flatten(1, -1))).isLessThan(1e-5);
    }
  }

  @Test
  void cifar20HasTheTransformsDerivatives() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(4)) {
      Network net = new Network(ResNet.cifar20(), rng, DType.FLOAT64);
      Loss loss = Losses.softmaxCrossEntropy();
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 2, 3, 32, 32);
      Tensor targets = Tensor.of(3L, 8L);
      Tensor weights = Tensor.randn(rng, DType.FLOAT64, 2, 2);
      Tensor vectors = Tensor.randn(rng, DType.FLOAT64, 2, net.parameters.numel());
      try (Linearisation structured =
              Linearisation.of(net.model, loss, net.parameters, inputs, targets);
          Linearisation generic =
              Linearisation.generic(net.model, loss, net.parameters, inputs, targets)) {
        assertThat(error(structured.lossJacobian(), generic.lossJacobian())).isLessThan(1e-11);
        assertThat(
                error(
                    structured.lossWeightedHvp(weights, vectors),
                    generic.lossWeightedHvp(weights, vectors)))
            .isLessThan(1e-10);
        assertThat(error(structured.functionJvp(vectors), generic.functionJvp(vectors)))
            .isLessThan(1e-11);
      }
    }
  }

  @Test
  void kernelsStartWithVarianceTwoOverFanOut() {
    Sequential model = ResNet.cifar20();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5)) {
      Tensor parameters = model.initialise(rng, DType.FLOAT64, Device.CPU);
      Tensor kernel = model.layout().slice(parameters, "layer3.0.conv1.weight");
      // 18,432 draws: the standard error of a deviation is half a per cent.
      double expected = Math.sqrt(2.0 / (64 * 9));
      assertThat(kernel.std(1).item() / expected).isBetween(0.97, 1.03);
      assertThat(kernel.abs().max().item()).isGreaterThan(3 * expected);
      assertThat(model.layout().slice(parameters, "bn1.weight").toDoubleArray()).containsOnly(1);
      assertThat(model.layout().slice(parameters, "bn1.bias").toDoubleArray()).containsOnly(0);
      assertThat(model.layout().slice(parameters, "fc.bias").toDoubleArray()).containsOnly(0);
      double deviation = model.layout().slice(parameters, "fc.weight").std(1).item();
      assertThat(deviation * 8).isBetween(0.9, 1.1);
    }
  }
}
