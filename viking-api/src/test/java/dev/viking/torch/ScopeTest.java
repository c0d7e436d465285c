package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who owns a tensor, and when it is freed. */
@ExtendWith(LiveHandles.class)
class ScopeTest {
  private static long live() {
    return NativeMemory.live(Device.CPU).handles();
  }

  @Test
  void freesWhatWasMadeInIt() {
    long before = live();
    Tensor x;
    try (Scope scope = Scope.open()) {
      x = Tensor.of(1.0, 2.0);
      x.add(x).mul(x);
      assertThat(live()).isEqualTo(before + 3);
      assertThat(scope.size()).isEqualTo(3);
    }
    assertThat(live()).isEqualTo(before);
    assertThat(x.isClosed()).isTrue();
    assertThat(x).hasToString("Tensor[closed]");
    assertThatThrownBy(() -> x.add(1.0))
        .isInstanceOf(ClosedException.class)
        .hasMessageContaining("aten::add")
        .hasMessageContaining("argument 0");
  }

  @Test
  void countsTheBytesOfWhatItOwns() {
    try (Scope outer = Scope.open()) {
      Tensor x = Tensor.of(1.0, 2.0);
      assertThat(outer.bytes(Device.CPU)).isEqualTo(16);
      try (Scope inner = Scope.open()) {
        Tensor y = x.add(x);
        y.narrow(0, 0, 1);
        Tensor.zeros(DType.FLOAT32, 5).close();
        assertThat(inner.bytes(Device.CPU)).isEqualTo(16 + 8);
        assertThat(inner.bytes(Device.cuda(0))).isZero();
        inner.keep(y);
        assertThat(inner.bytes(Device.CPU)).isEqualTo(8);
      }
      assertThat(outer.bytes(Device.CPU)).isEqualTo(32);
    }
  }

  @Test
  void freesMoreThanTheScratchMemoryHolds() {
    long before = live();
    try (Scope _ = Scope.open()) {
      for (int i = 0; i < 5000; i++) {
        Tensor.scalar(i);
      }
      assertThat(live()).isEqualTo(before + 5000);
    }
    assertThat(live()).isEqualTo(before);
  }

  @Test
  void scopesNest() {
    try (Scope outer = Scope.open()) {
      Tensor a = Tensor.of(1.0);
      Tensor b;
      try (Scope inner = Scope.open()) {
        assertThat(Scope.current()).isSameAs(inner);
        b = a.add(a);
      }
      assertThat(Scope.current()).isSameAs(outer);
      assertThat(a.isClosed()).isFalse();
      assertThat(b.isClosed()).isTrue();
    }
    assertThat(Scope.current()).isNull();
  }

  @Test
  void keptTensorsMoveOutward() {
    Tensor unowned;
    try (Scope outer = Scope.open()) {
      Tensor kept;
      List<Tensor> more;
      try (Scope inner = Scope.open()) {
        kept = inner.keep(Tensor.of(1.0));
        more = inner.keep(List.of(Tensor.of(2.0), Tensor.of(3.0)));
        assertThat(inner.size()).isZero();
      }
      assertThat(kept.item()).isEqualTo(1);
      assertThat(more.get(1).item()).isEqualTo(3);
      assertThat(outer.size()).isEqualTo(3);
      unowned = outer.keep(Tensor.of(4.0));
      assertThat(outer.keep(unowned)).isSameAs(unowned);
    }
    assertThat(unowned.item()).isEqualTo(4);
    unowned.close();
  }

  @Test
  void anEnclosingScopeCanKeepWhatAnInnerOneOwns() {
    Tensor kept;
    try (Scope outer = Scope.open();
        Scope _ = Scope.open()) {
      kept = outer.keep(Tensor.of(1.0));
    }
    assertThat(kept.isClosed()).isFalse();
    kept.close();
  }

  @Test
  void aReleasedTensorOutlivesEveryScope() throws InterruptedException {
    Tensor released;
    try (Scope outer = Scope.open();
        Scope _ = Scope.open()) {
      released = Scope.release(Tensor.of(1.0));
      assertThat(Scope.release(released)).isSameAs(released);
      assertThat(outer.size()).isZero();

      Tensor owned = Tensor.of(2.0);
      List<Throwable> thrown = new ArrayList<>();
      Thread other =
          Thread.ofPlatform()
              .uncaughtExceptionHandler((_, e) -> thrown.add(e))
              .start(() -> Scope.release(owned));
      other.join();
      assertThat(thrown).hasOnlyElementsOfType(ScopeException.class).hasSize(1);
    }
    assertThat(released.item()).isEqualTo(1);
    released.close();
    assertThatThrownBy(() -> Scope.release(released)).isInstanceOf(ClosedException.class);
  }

  @Test
  void adoptedTensorsAreFreed() {
    Tensor loose = Tensor.of(1.0);
    try (Scope scope = Scope.open()) {
      assertThat(scope.adopt(loose)).isSameAs(loose);
      assertThatThrownBy(() -> scope.adopt(loose)).isInstanceOf(ScopeException.class);
    }
    assertThat(loose.isClosed()).isTrue();
  }

  @Test
  void tensorsWithoutAScopeAreTheCallers() {
    long before = live();
    Tensor x = Tensor.of(1.0);
    assertThat(live()).isEqualTo(before + 1);
    x.close();
    x.close();
    assertThat(live()).isEqualTo(before);
  }

  @Test
  void aLoopThatClosesItsTensorsDoesNotFillTheScope() {
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.of(1.0);
      for (int i = 0; i < 10_000; i++) {
        x.add(1.0).close();
      }
      assertThat(scope.size()).isOne();
      assertThat(scope.dump().lines()).hasSize(1);
    }
  }

  @Test
  void anExceptionLeavesNothingBehind() {
    long before = live();
    assertThatThrownBy(
            () -> {
              try (Scope _ = Scope.open()) {
                Tensor.of(1.0);
                throw new IllegalStateException("mine");
              }
            })
        .isInstanceOf(IllegalStateException.class)
        .hasNoSuppressedExceptions();
    assertThat(live()).isEqualTo(before);
    assertThat(Scope.current()).isNull();
  }

  @Test
  void closingOutOfOrderIsAnErrorThatStillFrees() {
    long before = live();
    Scope outer = Scope.open();
    Tensor a = Tensor.of(1.0);
    Scope inner = Scope.open();
    Tensor b = Tensor.of(2.0);
    assertThatThrownBy(outer::close)
        .isInstanceOf(ScopeException.class)
        .hasMessageContaining("out of order");
    assertThat(a.isClosed()).isTrue();
    assertThat(b.isClosed()).isTrue();
    assertThat(live()).isEqualTo(before);
    assertThat(Scope.current()).isNull();
    inner.close();
    outer.close();
  }

  @Test
  void aClosedScopeIsRefused() {
    Scope scope = Scope.open();
    scope.close();
    Tensor x = Tensor.of(1.0);
    assertThatThrownBy(() -> scope.keep(x)).isInstanceOf(ClosedException.class);
    assertThatThrownBy(() -> scope.adopt(x)).isInstanceOf(ClosedException.class);
    x.close();
    try (Scope open = Scope.open()) {
      assertThatThrownBy(() -> open.keep(x)).isInstanceOf(ClosedException.class);
    }
  }

  @Test
  void anotherThreadMayUseTheTensorsButNotTheScope() {
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.of(1.0, 2.0);
      double sum =
          CompletableFuture.supplyAsync(
                  () -> {
                    assertThat(Scope.current()).isNull();
                    try (Tensor total = x.sum()) {
                      return total.item();
                    }
                  })
              .join();
      assertThat(sum).isEqualTo(3);
      for (Runnable misuse : List.<Runnable>of(scope::close, () -> scope.keep(x), scope::dump)) {
        assertThatThrownBy(() -> CompletableFuture.runAsync(misuse).join())
            .isInstanceOf(CompletionException.class)
            .hasCauseInstanceOf(ScopeException.class)
            .hasMessageContaining("thread");
      }
      assertThat(x.isClosed()).isFalse();
    }
  }

  @Test
  void anotherThreadMayCloseTensors() {
    long before = live();
    try (Scope scope = Scope.open()) {
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        tensors.add(Tensor.scalar(i));
      }
      CompletableFuture.runAsync(() -> tensors.forEach(Tensor::close)).join();
      assertThat(live()).isEqualTo(before);
      assertThat(scope.size()).isZero();
    }
    assertThat(live()).isEqualTo(before);
  }

  @Test
  void concurrentClosingReleasesOnce() {
    long before = live();
    for (int i = 0; i < 200; i++) {
      Tensor x = Tensor.of(1.0);
      CompletableFuture<Void> other = CompletableFuture.runAsync(x::close);
      x.close();
      other.join();
    }
    assertThat(live()).isEqualTo(before);
  }

  @Test
  void bytesAreCounted() {
    long before = NativeMemory.live(Device.CPU).bytes();
    try (Tensor _ = Tensor.zeros(DType.FLOAT64, 100, 10)) {
      assertThat(NativeMemory.live(Device.CPU).bytes()).isEqualTo(before + 8000);
    }
    assertThat(NativeMemory.live(Device.CPU).bytes()).isEqualTo(before);
    assertThat(NativeMemory.device(Device.CPU).total()).isPositive();
    NativeMemory.emptyCache();
  }
}
