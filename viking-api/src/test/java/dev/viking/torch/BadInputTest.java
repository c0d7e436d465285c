package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every kind of bad input: a typed exception that says what was given and what is needed, and no
 * crash.
 */
@ExtendWith(LiveHandles.class)
class BadInputTest {
  private Scope scope;
  private Tensor matrix;
  private Tensor vector;

  @BeforeEach
  void open() {
    scope = Scope.open();
    matrix = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
    vector = Tensor.of(1.0, 2.0);
  }

  @AfterEach
  void close() {
    // The library still works after each of the failures.
    OperatorCase.assertValues(vector.add(vector), 2, 4);
    scope.close();
  }

  private static AbstractThrowableAssert<?, ?> refused(
      Class<? extends Throwable> type, ThrowingCallable call) {
    return assertThatThrownBy(call).isExactlyInstanceOf(type);
  }

  @Test
  void wrongShapes() {
    refused(ShapeException.class, () -> matrix.add(vector))
        .hasMessageContaining("aten::add")
        .hasMessageContaining("float64[2, 3]")
        .hasMessageContaining("float64[2]");
    refused(ShapeException.class, () -> matrix.mm(matrix)).hasMessageContaining("aten::mm");
    refused(ShapeException.class, () -> matrix.reshape(4, 2));
    refused(ShapeException.class, () -> Tensor.cat(List.of(matrix, vector), 0));
    refused(ShapeException.class, () -> Tensor.of(new float[] {1, 2, 3}, 2, 2))
        .hasMessageContaining("3 elements")
        .hasMessageContaining("needs 4");
    refused(ShapeException.class, () -> Tensor.zeros(DType.FLOAT32, 2, -1))
        .hasMessageContaining("negative");
    refused(ShapeException.class, () -> Tensor.zeros(DType.FLOAT32, Long.MAX_VALUE, 3))
        .hasMessageContaining("too many");
    refused(ShapeException.class, () -> Tensor.of(new double[1], new long[65]));
    refused(ShapeException.class, () -> matrix.item()).hasMessageContaining("6 elements");
  }

  @Test
  void wrongElementTypes() {
    refused(DTypeException.class, () -> vector.toFloatArray())
        .hasMessageContaining("FLOAT64")
        .hasMessageContaining("FLOAT32");
    refused(DTypeException.class, () -> vector.toLongArray());
    refused(DTypeException.class, () -> vector.toIntArray());
    refused(DTypeException.class, () -> vector.toByteArray());
    refused(DTypeException.class, () -> vector.toBooleanArray());
    refused(DTypeException.class, () -> Tensor.of(1, 2).toDoubleArray());
    refused(DTypeException.class, () -> vector.sum().itemLong());
    refused(DTypeException.class, () -> DType.of(8));
    refused(DTypeException.class, () -> matrix.mm(matrix.t().to(DType.FLOAT32)));
    try (Rng rng = Rng.seeded(1)) {
      refused(DTypeException.class, () -> Tensor.randn(rng, DType.INT64, 2));
    }
  }

  @Test
  void wrongIndices() {
    refused(IndexException.class, () -> matrix.sum(5L));
    refused(IndexException.class, () -> matrix.select(0, 7));
    refused(IndexException.class, () -> vector.indexSelect(0, Tensor.of(9)));
  }

  @Test
  void devicesThatAreNotThere() {
    refused(DeviceException.class, () -> Device.parse("gpu")).hasMessageContaining("\"gpu\"");
    refused(DeviceException.class, () -> Device.cuda(-2));
    refused(DeviceException.class, () -> new Device(Device.Type.CPU, 1));
    refused(DeviceException.class, () -> NativeMemory.limit(Device.CPU, 0.5));
    assumeFalse(Device.cuda(0).isAvailable(), "CUDA is there");
    Device cuda = Device.cuda(0);
    refused(DeviceException.class, () -> vector.to(cuda));
    refused(DeviceException.class, () -> Tensor.zeros(new long[] {2}, DType.FLOAT32, cuda));
    refused(DeviceException.class, () -> Rng.seeded(1, cuda));
    refused(DeviceException.class, () -> NativeMemory.device(cuda));
  }

  @Test
  void closedThings() {
    Tensor closed = Tensor.of(1.0);
    closed.close();
    for (ThrowingCallable use :
        List.<ThrowingCallable>of(
            closed::shape,
            closed::item,
            closed::toDoubleArray,
            closed::asSegment,
            closed::sqrt,
            () -> vector.add(closed),
            () -> closed.to(DType.FLOAT32),
            () -> Tensor.cat(List.of(vector, closed), 0),
            () -> Op.of("aten::neg", "").call(closed))) {
      refused(ClosedException.class, use);
    }
    refused(ClosedException.class, () -> vector.mul(closed))
        .hasMessageContaining("aten::mul")
        .hasMessageContaining("argument 1");
    Tensor known = Tensor.of(1.0);
    assertThat(known.shape()).containsExactly(1);
    known.close();
    refused(ClosedException.class, known::shape);
    Rng rng = Rng.seeded(1);
    rng.close();
    rng.close();
    refused(ClosedException.class, rng::state);
    refused(ClosedException.class, () -> rng.reseed(2));
    refused(ClosedException.class, () -> Tensor.randn(rng, DType.FLOAT64, 2))
        .hasMessageContaining("aten::randn");
  }

  @Test
  void unknownOperatorsAndUnfitArguments() {
    Op unknown = Op.of("aten::no_such_operator", "");
    refused(UnknownOperatorException.class, () -> unknown.call(vector))
        .hasMessageContaining("no_such_operator");
    refused(UnknownOperatorException.class, unknown::schema);
    refused(UnknownOperatorException.class, () -> Op.of("aten::add", "Nothing").call(vector))
        .hasMessageContaining("Tensor");
    refused(ArgumentException.class, () -> Op.of("aten::add", "Tensor").call(vector));
    refused(ArgumentException.class, () -> Op.of("aten::add", "Tensor").call(vector, "two"));
    refused(ArgumentException.class, () -> Op.of("aten::add", "Tensor").call(vector, new Object()))
        .hasMessageContaining("java.lang.Object");
    refused(ArgumentException.class, () -> Op.of("aten::cat", "").call(List.of(1L, 2L), 0))
        .hasMessageContaining("entry 0");
    refused(ArgumentException.class, () -> Op.of("aten::neg", "").call(new Object[100]));
    refused(
            ClosedException.class,
            () -> Op.of("aten::cat", "").call(Arrays.asList(vector, null), 0))
        .hasMessageContaining("null");
  }

  @Test
  void argumentsOutOfRange() {
    refused(ArgumentException.class, () -> Threads.set(0)).hasMessageContaining("0 threads");
    refused(ArgumentException.class, () -> NativeMemory.limit(Device.cuda(0), 1.5));
    refused(ArgumentException.class, () -> Tensor.cat(List.of(), 0)).hasMessageContaining("empty");
    refused(ArgumentException.class, () -> Tensor.einsum("i->i"));
    try (Rng rng = Rng.seeded(1)) {
      refused(ArgumentException.class, () -> vector.dropout(1, rng));
      refused(ArgumentException.class, () -> Tensor.randint(rng, 3, 3, 2));
      refused(ArgumentException.class, () -> Tensor.bernoulli(rng, 1.5, DType.FLOAT64, 2));
      refused(ArgumentException.class, () -> rng.restore(new byte[] {1, 2, 3}));
      assertThat(rng.state()).isNotEmpty();
    }
  }

  @Test
  @SuppressWarnings("NullAway") // null is the point
  void nulls() {
    refused(NullPointerException.class, () -> vector.to((DType) null));
    refused(NullPointerException.class, () -> Tensor.zeros((DType) null, 2));
    refused(NullPointerException.class, () -> Op.of(null, ""));
    refused(NullPointerException.class, () -> Tensor.cat(Arrays.asList(vector, null), 0))
        .hasMessageContaining("tensor 1");
    refused(NullPointerException.class, () -> vector.add((Tensor) null))
        .hasMessage("aten::add: argument 1 is null");
  }

  @Test
  void failedFactorisations() {
    Tensor indefinite = Tensor.of(new double[] {1, 2, 2, 1}, 2, 2);
    refused(LinalgException.class, indefinite::cholesky).hasMessageContaining("linalg_cholesky");
    Tensor singular = Tensor.of(new double[] {1, 2, 2, 4}, 2, 2);
    refused(LinalgException.class, singular::inv);
    refused(LinalgException.class, () -> singular.solve(vector));
  }

  @Test
  void moreMemoryThanThereIs() {
    refused(
        OutOfMemoryException.class,
        () -> Tensor.empty(new long[] {1L << 50}, DType.FLOAT64, Device.CPU));
  }

  @Test
  void moreElementsThanAnArrayHolds() {
    Tensor huge = Tensor.of(1.0).expand(3_000_000_000L);
    assertThat(huge.numel()).isEqualTo(3_000_000_000L);
    refused(ArgumentException.class, huge::toDoubleArray)
        .hasMessageContaining("3000000000 elements")
        .hasMessageContaining("copyTo");
  }

  @Test
  void messagesNameTheOperatorOnce() {
    assertThatThrownBy(() -> matrix.mm(matrix))
        .satisfies(
            thrown ->
                assertThat(String.valueOf(thrown.getMessage()).split("aten::mm", -1)).hasSize(2));
  }
}
