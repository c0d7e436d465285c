package dev.viking.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Calls the upcall stub as native code does: through its address. Needs no native library. */
class FunctionRegistryTest {
  private static final int OK = viking_native_h.VK_OK();
  private static final int FAILED = viking_native_h.VK_ERR_CALLBACK();

  private static int call(long id) {
    return vk_function.invoke(
        FunctionRegistry.stub(), id, MemorySegment.NULL, 0, MemorySegment.NULL, MemorySegment.NULL);
  }

  @AfterEach
  void nothingStaysRegistered() {
    assertThat(FunctionRegistry.size()).isZero();
  }

  @Test
  void argumentsAndStatusPassThrough() {
    long id =
        FunctionRegistry.register(
            (inputs, numInputs, outputs, numOutputs) -> {
              for (long i = 0; i < numInputs; i++) {
                MemorySegment handle = inputs.getAtIndex(ValueLayout.ADDRESS, numInputs - 1 - i);
                outputs.setAtIndex(ValueLayout.ADDRESS, i, handle);
              }
              numOutputs.set(ValueLayout.JAVA_LONG, 0, numInputs);
              return viking_native_h.VK_ERR_REROUTE();
            });
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment inputs = arena.allocateFrom(ValueLayout.JAVA_LONG, 8, 24); // two addresses
      MemorySegment outputs = arena.allocate(ValueLayout.ADDRESS, 2);
      MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
      int status = vk_function.invoke(FunctionRegistry.stub(), id, inputs, 2, outputs, count);
      assertThat(status).isEqualTo(viking_native_h.VK_ERR_REROUTE());
      assertThat(count.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(2);
      assertThat(outputs.getAtIndex(ValueLayout.ADDRESS, 0).address()).isEqualTo(24);
      assertThat(outputs.getAtIndex(ValueLayout.ADDRESS, 1).address()).isEqualTo(8);
    }
    assertThat(FunctionRegistry.unregister(id)).isNull();
  }

  static List<Throwable> throwables() {
    return List.of(
        new IllegalStateException("runtime"),
        new Exception("checked"),
        new OutOfMemoryError("heap"),
        new AssertionError("assertion"),
        new Throwable("neither exception nor error"));
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void whatIsThrownComesBackAsItself(Throwable thrown) {
    long id =
        FunctionRegistry.register(
            (inputs, numInputs, outputs, numOutputs) -> {
              throw thrown;
            });
    assertThat(call(id)).isEqualTo(FAILED);
    assertThat(FunctionRegistry.unregister(id)).isSameAs(thrown);
  }

  @Test
  void theFirstThrowableIsKept() {
    List<Throwable> thrown = throwables();
    int[] calls = {0};
    long id =
        FunctionRegistry.register(
            (inputs, numInputs, outputs, numOutputs) -> {
              throw thrown.get(calls[0]++);
            });
    assertThat(call(id)).isEqualTo(FAILED);
    assertThat(call(id)).isEqualTo(FAILED);
    assertThat(FunctionRegistry.unregister(id)).isSameAs(thrown.getFirst());
  }

  @SuppressWarnings("InfiniteRecursion") // running out of stack is the point
  private static long recurse(long depth) {
    return recurse(depth + 1) + 1;
  }

  @Test
  void stackOverflowInsideTheFunctionIsCaught() {
    long id =
        FunctionRegistry.register(
            (inputs, numInputs, outputs, numOutputs) -> (int) recurse(numInputs));
    assertThat(call(id)).isEqualTo(FAILED);
    assertThat(FunctionRegistry.unregister(id)).isInstanceOf(StackOverflowError.class);
  }

  @Test
  void outOfMemoryOfTheJvmInsideTheFunctionIsCaught() {
    // More elements than an array may have on HotSpot: refused as OutOfMemoryError however large
    // the heap is.
    long id =
        FunctionRegistry.register(
            (inputs, numInputs, outputs, numOutputs) -> new long[Integer.MAX_VALUE].length);
    assertThat(call(id)).isEqualTo(FAILED);
    assertThat(FunctionRegistry.unregister(id)).isInstanceOf(OutOfMemoryError.class);
  }

  @Test
  void unknownIdsFailWithoutHarm() {
    assertThat(call(0)).isEqualTo(FAILED);
    assertThat(call(-1)).isEqualTo(FAILED);
    assertThat(call(Long.MAX_VALUE)).isEqualTo(FAILED);
    long id = FunctionRegistry.register((inputs, numInputs, outputs, numOutputs) -> OK);
    assertThat(call(id)).isEqualTo(OK);
    assertThat(FunctionRegistry.unregister(id)).isNull();
    assertThat(call(id)).isEqualTo(FAILED);
    assertThat(FunctionRegistry.unregister(id)).isNull();
  }

  @Test
  void functionsNest() {
    Exception thrown = new Exception("innermost");
    long inner =
        FunctionRegistry.register(
            (inputs, numInputs, outputs, numOutputs) -> {
              throw thrown;
            });
    long outer =
        FunctionRegistry.register((inputs, numInputs, outputs, numOutputs) -> call(inner) + 100);
    assertThat(call(outer)).isEqualTo(FAILED + 100);
    assertThat(FunctionRegistry.unregister(outer)).isNull();
    assertThat(FunctionRegistry.unregister(inner)).isSameAs(thrown);
  }

  @Test
  void nestingWithoutEndIsStoppedBeforeTheStackIs() {
    int[] calls = {0};
    long[] id = {0};
    id[0] =
        FunctionRegistry.register(
            (inputs, numInputs, outputs, numOutputs) -> {
              calls[0]++;
              return call(id[0]);
            });
    for (int i = 1; i <= 2; i++) {
      assertThat(call(id[0])).isEqualTo(FAILED);
      assertThat(calls[0]).isEqualTo(i * FunctionRegistry.MAX_DEPTH);
    }
    assertThat(FunctionRegistry.unregister(id[0]))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("transforms are nested 64 deep; at most 64 are allowed");
  }

  @ParameterizedTest
  @MethodSource("executors")
  void threadsDoNotMeet(ExecutorService executor) throws Exception {
    int tasks = 400;
    try (executor) {
      List<Future<Integer>> results = new ArrayList<>();
      for (int task = 0; task < tasks; task++) {
        int status = 1_000 + task;
        results.add(executor.submit(() -> registerCallAndUnregister(status)));
      }
      int sum = 0;
      for (Future<Integer> result : results) {
        sum += result.get(60, TimeUnit.SECONDS);
      }
      assertThat(sum).isEqualTo(tasks * 50);
    }
  }

  static List<ExecutorService> executors() {
    return List.of(Executors.newFixedThreadPool(8), Executors.newVirtualThreadPerTaskExecutor());
  }

  /**
   * How often a function of our own answered, and what it threw came back to us: 50 when all went
   * well.
   */
  @SuppressWarnings({"ThreadPriorityCheck", "ReferenceEquality"}) // invite switches; the very same
  private static int registerCallAndUnregister(int status) {
    int right = 0;
    for (int i = 0; i < 50; i++) {
      Exception thrown = new Exception("task " + status);
      boolean fails = i % 2 == 1;
      long id =
          FunctionRegistry.register(
              (inputs, numInputs, outputs, numOutputs) -> {
                Thread.yield();
                if (fails) {
                  throw thrown;
                }
                return status;
              });
      int answered = call(id);
      Throwable caught = FunctionRegistry.unregister(id);
      if (fails ? answered == FAILED && caught == thrown : answered == status && caught == null) {
        right++;
      }
    }
    return right;
  }
}
