package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Making tensors, reading them back, and what they say about themselves. */
@ExtendWith(LiveHandles.class)
class CreationTest {
  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void arraysComeBackAsTheyWere() {
    float[] floats = {1.5f, -2, Float.MIN_VALUE};
    double[] doubles = {1.5, -2, Double.MIN_VALUE};
    long[] longs = {1, Long.MIN_VALUE, Long.MAX_VALUE};
    int[] ints = {1, Integer.MIN_VALUE};
    byte[] bytes = {1, -1, Byte.MIN_VALUE};
    boolean[] booleans = {true, false, true};
    assertThat(Tensor.of(floats).toFloatArray()).containsExactly(floats);
    assertThat(Tensor.of(doubles).toDoubleArray()).containsExactly(doubles);
    assertThat(Tensor.of(longs).toLongArray()).containsExactly(longs);
    assertThat(Tensor.of(ints).toIntArray()).containsExactly(ints);
    assertThat(Tensor.of(bytes).toByteArray()).containsExactly(bytes);
    assertThat(Tensor.of(booleans).toBooleanArray()).containsExactly(booleans);
    assertThat(Tensor.of(bytes).to(DType.INT64).toLongArray()).containsExactly(1, 255, 128);
  }

  @Test
  void largeArraysComeBackAsTheyWere() {
    long[] data = LongStream.range(0, 100_000).toArray();
    assertThat(Tensor.of(data, 100, 1000).toLongArray()).containsExactly(data);
  }

  @Test
  void viewsAreReadInTheirOwnOrder() {
    Tensor transposed = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3).t();
    assertThat(transposed.isContiguous()).isFalse();
    assertThat(transposed.strides()).containsExactly(1, 3);
    assertThat(transposed.toFloatArray()).containsExactly(1, 4, 2, 5, 3, 6);
  }

  @Test
  void metadataIsTold() {
    Tensor tensor = Tensor.zeros(DType.INT32, 2, 3, 4);
    assertThat(tensor.shape()).containsExactly(2, 3, 4);
    assertThat(tensor.size(-1)).isEqualTo(4);
    assertThat(tensor.dim()).isEqualTo(3);
    assertThat(tensor.numel()).isEqualTo(24);
    assertThat(tensor.dtype()).isEqualTo(DType.INT32);
    assertThat(tensor.device()).isEqualTo(Device.CPU);
    assertThat(tensor.isContiguous()).isTrue();
    assertThat(tensor.isWrapped()).isFalse();
    assertThat(tensor).hasToString("Tensor[INT32, cpu, [2, 3, 4]]");
    assertThatThrownBy(() -> tensor.size(3)).isInstanceOf(IndexException.class);
    tensor.shape()[0] = 9;
    assertThat(tensor.size(0)).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyElementTypeCanBeMade(DType type) {
    Tensor ones = Tensor.ones(DType.FLOAT64, 3).to(type);
    assertThat(ones.dtype()).isEqualTo(type);
    assertThat(DType.of(type.code())).isEqualTo(type);
    if (type != DType.COMPLEX64 && type != DType.COMPLEX128) {
      assertThat(ones.sum().item()).isEqualTo(3);
    }
  }

  @Test
  void itemTakesEveryRealType() {
    assertThat(Tensor.scalar(2.5, DType.FLOAT16).item()).isEqualTo(2.5);
    assertThat(Tensor.scalar(2.5, DType.BFLOAT16).item()).isEqualTo(2.5);
    assertThat(Tensor.scalar(2.5, DType.FLOAT32).item()).isEqualTo(2.5);
    assertThat(Tensor.scalar(-7, DType.INT8).itemLong()).isEqualTo(-7);
    assertThat(Tensor.scalar(200, DType.UINT8).itemLong()).isEqualTo(200);
    assertThat(Tensor.scalar(-7, DType.INT16).item()).isEqualTo(-7);
    assertThat(Tensor.scalar(-7, DType.INT32).item()).isEqualTo(-7);
    assertThat(Tensor.scalar(Long.MAX_VALUE).itemLong()).isEqualTo(Long.MAX_VALUE);
    assertThat(Tensor.scalar(1, DType.BOOL).item()).isEqualTo(1);
  }

  @Test
  void factoriesFill() {
    OperatorCase.assertValues(Tensor.zeros(DType.FLOAT32, 2), 0, 0);
    OperatorCase.assertValues(Tensor.ones(new long[] {2}, DType.FLOAT32, Device.CPU), 1, 1);
    OperatorCase.assertValues(
        Tensor.full(new long[] {2}, -3.5, DType.FLOAT64, Device.CPU), -3.5, -3.5);
    assertThat(Tensor.empty(new long[] {2, 0}, DType.FLOAT64, Device.CPU).numel()).isZero();
    OperatorCase.assertValues(Tensor.arange(1, 2, 0.25, DType.FLOAT64), 1, 1.25, 1.5, 1.75);
    OperatorCase.assertValues(Tensor.arange(5, 0, -2, DType.INT64), 5, 3, 1);
    OperatorCase.assertValues(Tensor.linspace(0, 1, 3, DType.FLOAT64), 0, 0.5, 1);
    OperatorCase.assertValues(Tensor.eye(2, DType.FLOAT64, Device.CPU), 1, 0, 0, 1);
    Tensor like = Tensor.of(new double[] {1, 2}, 1, 2);
    OperatorCase.assertValues(Tensor.zerosLike(like), 0, 0);
    OperatorCase.assertValues(Tensor.onesLike(like), 1, 1);
    OperatorCase.assertValues(Tensor.fullLike(like, 4), 4, 4);
    assertThat(Tensor.fullLike(like, 4).shape()).containsExactly(1, 2);
  }

  @Test
  void tensorsAreJoined() {
    Tensor a = Tensor.of(1.0, 2.0);
    Tensor b = Tensor.of(3.0, 4.0);
    OperatorCase.assertValues(Tensor.cat(List.of(a, b), 0), 1, 2, 3, 4);
    OperatorCase.assertValues(Tensor.stack(List.of(a, b), 1), 1, 3, 2, 4);
    OperatorCase.assertValues(Tensor.einsum("i,j->ij", a, b), 3, 4, 6, 8);
    OperatorCase.assertValues(Tensor.where(a.gt(1.5), a, b), 3, 2);
  }

  @Test
  void manyTensorsAreJoinedAndParted() {
    // More than the scratch memory of a call has room for, both ways.
    List<Tensor> many = Tensor.arange(0, 1000, 1, DType.FLOAT64).unbind(0);
    assertThat(many).hasSize(1000);
    assertThat(many.get(999).item()).isEqualTo(999);
    assertThat(Tensor.stack(many, 0).sum().item()).isEqualTo(499_500);
  }

  @Test
  void longListsOfIntegersAreTaken() {
    long[] sizes = new long[1000];
    Arrays.fill(sizes, 1);
    List<Tensor> parts = Tensor.arange(0, 1000, 1, DType.INT64).splitWithSizes(sizes, 0);
    assertThat(parts.get(500).itemLong()).isEqualTo(500);
  }

  @Test
  void seededGeneratorsRepeatThemselves() {
    try (Rng first = Rng.seeded(7);
        Rng second = Rng.seeded(7)) {
      double[] numbers = Tensor.randn(first, DType.FLOAT64, 5).toDoubleArray();
      assertThat(Tensor.randn(second, DType.FLOAT64, 5).toDoubleArray()).containsExactly(numbers);
      byte[] state = first.state();
      double[] next = Tensor.rand(first, DType.FLOAT64, 5).toDoubleArray();
      first.restore(state);
      assertThat(Tensor.rand(first, DType.FLOAT64, 5).toDoubleArray()).containsExactly(next);
      first.reseed(7);
      assertThat(Tensor.randn(first, DType.FLOAT64, 5).toDoubleArray()).containsExactly(numbers);
      assertThat(first.device()).isEqualTo(Device.CPU);
    }
  }

  @Test
  void randomNumbersHaveTheirDistribution() {
    try (Rng rng = Rng.seeded(11)) {
      Tensor normal = Tensor.randn(rng, DType.FLOAT64, 50_000);
      assertThat(normal.mean().item()).isCloseTo(0, within(0.02));
      assertThat(normal.var(1).item()).isCloseTo(1, within(0.03));
      Tensor uniform = Tensor.rand(rng, DType.FLOAT32, 50_000);
      assertThat(uniform.dtype()).isEqualTo(DType.FLOAT32);
      assertThat(uniform.mean().item()).isCloseTo(0.5, within(0.01));
      assertThat(Tensor.bernoulli(rng, 0.25, DType.FLOAT64, 50_000).mean().item())
          .isCloseTo(0.25, within(0.01));
      Tensor whole = Tensor.randint(rng, -2, 3, 1000);
      assertThat(whole.min().itemLong()).isEqualTo(-2);
      assertThat(whole.max().itemLong()).isEqualTo(2);
      long[] order = Tensor.randperm(rng, 100).toLongArray();
      assertThat(order).isNotEqualTo(LongStream.range(0, 100).toArray());
      assertThat(LongStream.of(order).sorted().toArray())
          .containsExactly(LongStream.range(0, 100).toArray());
    }
  }

  @Test
  void conversionKeepsOrMakes() {
    Tensor x = Tensor.of(1.75, -2.5);
    OperatorCase.assertValues(x.to(DType.INT64), 1, -2);
    Tensor same = x.to(DType.FLOAT64);
    x.add_(1.0);
    OperatorCase.assertValues(same, 2.75, -1.5);
    assertThat(x.to(Device.CPU).device()).isEqualTo(Device.CPU);
  }

  @Test
  void anyOperatorIsReachedByName() {
    Op add = Op.of("aten::add", "Tensor");
    assertThat(Op.of("aten::add", "Tensor")).isSameAs(add);
    assertThat(add).hasToString("aten::add.Tensor");
    assertThat(add.schema()).startsWith("aten::add.Tensor(Tensor self, Tensor other");
    Tensor x = Tensor.of(1.0, 2.0);
    OperatorCase.assertValues(add.call(x, x, 3), 4, 8);
    List<@Nullable Tensor> both = Op.of("aten::max", "dim").callAll(x, 0, true);
    assertThat(both).hasSize(2);
    OperatorCase.assertValues(Objects.requireNonNull(both.get(1)), 1);
    OperatorCase.assertValues(Op.of("aten::max", "dim").call(x, 0), 2);
    Tensor[] pair = {x, x};
    OperatorCase.assertValues(Op.of("aten::cat", "").call(pair, 0), 1, 2, 1, 2);
    OperatorCase.assertValues(
        Op.of("aten::sum", "dim_IntList").call(x, new int[] {0}, false, DType.FLOAT32), 3);
    OperatorCase.assertValues(
        Op.of("aten::full", "").call(new long[] {2}, 2.5f, DType.FLOAT64, null, Device.CPU),
        2.5,
        2.5);
  }

  @Test
  void resultsThatAreNumbersBecomeTensors() {
    Tensor x = Tensor.of(1.0, 2.0);
    Tensor equal = Objects.requireNonNull(Op.of("aten::equal", "").callAll(x, x).getFirst());
    assertThat(equal.dtype()).isEqualTo(DType.BOOL);
    assertThat(equal.itemLong()).isOne();
    assertThatThrownBy(() -> Op.of("aten::equal", "").call(x, x))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("aten::equal");
  }

  @Test
  void inPlaceOperatorsThatResizeAreSeen() {
    Tensor x = Tensor.of(1.0, 2.0, 3.0);
    assertThat(x.shape()).containsExactly(3);
    Op.of("aten::unsqueeze_", "").call(x, 0);
    assertThat(x.shape()).containsExactly(1, 3);
  }

  @Test
  void devicesHaveNames() {
    assertThat(Device.parse("CPU")).isEqualTo(Device.CPU);
    assertThat(Device.parse("cuda:3")).isEqualTo(Device.cuda(3)).hasToString("cuda:3");
    assertThat(Device.parse("cuda")).isEqualTo(Device.cuda(0));
    assertThat(Device.CPU).hasToString("cpu").isEqualTo(new Device(Device.Type.CPU, 0));
    assertThat(Device.count(Device.Type.CPU)).isOne();
    assertThat(Device.CPU.isAvailable()).isTrue();
    assertThat(Device.cuda(999).isAvailable()).isFalse();
    Device.CPU.synchronize();
  }

  @Test
  void threadsAreSetAndTold() {
    int before = Threads.get();
    Threads.set(1);
    assertThat(Threads.get()).isOne();
    Threads.set(before);
    assertThat(Threads.get()).isEqualTo(before);
  }
}
