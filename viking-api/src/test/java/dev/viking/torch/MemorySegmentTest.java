package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tensors and memory segments: copies both ways, tensors over memory, memory under tensors. */
@ExtendWith(LiveHandles.class)
class MemorySegmentTest {
  @Test
  void memoryIsCopiedIn() {
    try (Scope _ = Scope.open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4);
      Tensor tensor = Tensor.of(data, DType.FLOAT32, Device.CPU, 2, 2);
      data.fill((byte) 0);
      assertThat(tensor.toFloatArray()).containsExactly(1, 2, 3, 4);
      MemorySegment heap = MemorySegment.ofArray(new double[] {5, 6});
      OperatorCase.assertValues(Tensor.of(heap, DType.FLOAT64, Device.CPU, 2), 5, 6);
    }
  }

  @Test
  void elementsAreCopiedOut() {
    try (Scope _ = Scope.open();
        Arena arena = Arena.ofConfined()) {
      Tensor tensor = Tensor.of(new double[] {1, 2, 3, 4}, 2, 2).t();
      MemorySegment off = arena.allocate(32, 8);
      tensor.copyTo(off);
      assertThat(off.toArray(ValueLayout.JAVA_DOUBLE)).containsExactly(1, 3, 2, 4);
      double[] array = new double[4];
      tensor.copyTo(MemorySegment.ofArray(array));
      assertThat(array).containsExactly(1, 3, 2, 4);
      assertThatThrownBy(() -> tensor.copyTo(arena.allocate(31)))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("31")
          .hasMessageContaining("32");
      assertThatThrownBy(() -> tensor.copyTo(off.asReadOnly()))
          .isInstanceOf(ArgumentException.class);
    }
  }

  @Test
  void wrappedMemoryIsShared() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, 1, 2, 3);
      try (Scope _ = Scope.open()) {
        Tensor tensor = Tensor.wrap(data, DType.FLOAT64, 3);
        data.setAtIndex(ValueLayout.JAVA_DOUBLE, 0, 10);
        OperatorCase.assertValues(tensor, 10, 2, 3);
        tensor.mul_(2);
        assertThat(data.getAtIndex(ValueLayout.JAVA_DOUBLE, 2)).isEqualTo(6);
      }
    }
  }

  @Test
  void wrappedMemoryStaysReachableAsLongAsAnyViewOfIt() throws InterruptedException {
    int before = KeepAlive.size();
    List<WeakReference<Object>> memory = new ArrayList<>();
    Tensor view = viewOfForgottenMemory(memory);
    assertThat(KeepAlive.size()).isEqualTo(before + 1);
    System.gc();
    assertThat(view.toDoubleArray()).containsExactly(0, 0);
    assertThat(memory.getFirst().get()).isNotNull();
    view.close();
    KeepAlive.drain();
    assertThat(KeepAlive.size()).isEqualTo(before);
    for (int i = 0; i < 100 && memory.getFirst().get() != null; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertThat(memory.getFirst().get()).isNull();
  }

  // A method of its own, so that no local variable keeps the memory reachable.
  private static Tensor viewOfForgottenMemory(List<WeakReference<Object>> memory) {
    try (Scope scope = Scope.open()) {
      MemorySegment data = Arena.ofAuto().allocate(1 << 20, 8);
      memory.add(new WeakReference<>(data.scope()));
      return scope.keep(Tensor.wrap(data, DType.FLOAT64, 1 << 17).narrow(0, 7, 2));
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // a confined arena can only be closed by its own thread
  void unfitMemoryIsRefused() {
    try (Scope _ = Scope.open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(32, 16);
      refuse(MemorySegment.ofArray(new double[4]), "heap");
      refuse(data.asReadOnly(), "read-only");
      refuse(arena.allocate(40, 16).asSlice(1, 32), "multiple");
      Arena closed = Arena.ofConfined();
      MemorySegment gone = closed.allocate(32, 16);
      closed.close();
      refuse(gone, "closed");
      MemorySegment foreign =
          CompletableFuture.supplyAsync(() -> Arena.ofConfined().allocate(32, 16)).join();
      refuse(foreign, "confined to another thread");
      assertThatThrownBy(() -> Tensor.wrap(data, DType.FLOAT64, 5))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("32 bytes");
      assertThatThrownBy(() -> Tensor.of(data, DType.FLOAT64, Device.CPU, 3))
          .isInstanceOf(ShapeException.class);
    }
  }

  private static void refuse(MemorySegment data, String reason) {
    int before = KeepAlive.size();
    assertThatThrownBy(() -> Tensor.wrap(data, DType.FLOAT64, 4))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("Tensor.wrap")
        .hasMessageContaining(reason);
    assertThat(KeepAlive.size()).isEqualTo(before);
  }

  @Test
  void theElementsCanBeSeenInPlace() {
    MemorySegment view;
    try (Scope _ = Scope.open()) {
      Tensor tensor = Tensor.of(1.0, 2.0, 3.0);
      view = tensor.asSegment();
      tensor.add_(1.0);
      assertThat(view.toArray(ValueLayout.JAVA_DOUBLE)).containsExactly(2, 3, 4);
      assertThat(view.isReadOnly()).isTrue();
      tensor.close();
      assertThat(view.getAtIndex(ValueLayout.JAVA_DOUBLE, 0)).isEqualTo(2);
      Tensor matrix = Tensor.of(new double[] {1, 2, 3, 4}, 2, 2).t();
      assertThatThrownBy(matrix::asSegment)
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("contiguous");
    }
    assertThatThrownBy(() -> view.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }
}
