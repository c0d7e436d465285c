package dev.viking.benchmarks;

import dev.viking.bindings.FunctionRegistry;
import dev.viking.bindings.NativeLibrary;
import dev.viking.bindings.viking_native_h;
import dev.viking.func.Func;
import dev.viking.func.Jvp;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What crossing the boundary costs: calls down and up, scopes, and the smallest operations. */
@State(org.openjdk.jmh.annotations.Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 2,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
public class BoundaryBenchmark {
  private static final MethodHandle STUB = stub();

  private final Tensor left = Tensor.of(Inputs.floats(6, 8, 1.0, 0.0), 8);
  private final Tensor right = Tensor.of(Inputs.floats(7, 8, 1.0, 0.0), 8);
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment outputs = arena.allocate(64, 8);
  private final long function =
      FunctionRegistry.register((inputs, count, results, resultCount) -> 0);

  /** Made by JMH, on the thread that measures. */
  public BoundaryBenchmark() {}

  /** Frees what the benchmark holds. */
  @TearDown
  public void close() {
    FunctionRegistry.unregister(function);
    left.close();
    right.close();
    arena.close();
  }

  /**
   * A call down that does nothing.
   *
   * @return the ABI's version
   */
  @Benchmark
  public int downcall() {
    return viking_native_h.vk_abi_version();
  }

  /**
   * A call down to the stub of all Java functions, which calls a function that does nothing.
   *
   * @return its status
   * @throws Throwable never
   */
  @Benchmark
  public int downcallAndUpcall() throws Throwable {
    return (int) STUB.invokeExact(function, outputs, 0L, outputs, outputs);
  }

  /** A scope in which nothing is made. */
  @Benchmark
  public void emptyScope() {
    Scope.open().close();
  }

  /** An addition of eight numbers, freed by itself. */
  @Benchmark
  public void add() {
    left.add(right).close();
  }

  /** The same in a scope of its own. */
  @Benchmark
  public void addInScope() {
    try (Scope _ = Scope.open()) {
      left.add(right);
    }
  }

  /** The derivative of a function that returns its input: what a transform costs by itself. */
  @Benchmark
  public void jvpOfIdentity() {
    Jvp result = Func.jvp(x -> x, left, right);
    result.output().close();
    result.tangent().close();
  }

  @SuppressWarnings("restricted")
  private static MethodHandle stub() {
    NativeLibrary.ensureLoaded();
    return Linker.nativeLinker()
        .downcallHandle(
            FunctionRegistry.stub(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS));
  }
}
