package dev.viking.benchmarks;

import dev.viking.benchmarks.BoundaryKernel.Crossing;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Calls down and up, scopes, and the smallest operations under JMH. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 2,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
public class BoundaryBenchmark {
  private final Kernel downcall = new BoundaryKernel(Crossing.DOWNCALL);
  private final Kernel upcall = new BoundaryKernel(Crossing.UPCALL);
  private final Kernel scope = new BoundaryKernel(Crossing.SCOPE);
  private final Kernel jvp = new BoundaryKernel(Crossing.JVP_OF_IDENTITY);
  private final Kernel add = new AddKernel(false);
  private final Kernel addInScope = new AddKernel(true);

  /** Made by JMH, on the thread that measures. */
  public BoundaryBenchmark() {}

  /** Frees what the benchmark holds. */
  @TearDown
  public void close() {
    downcall.close();
    upcall.close();
    scope.close();
    jvp.close();
    add.close();
    addInScope.close();
  }

  /** A call down that returns a constant (twice, to compare). */
  @Benchmark
  public void downcallTwice() {
    downcall.run(1);
  }

  /** A call down to the stub of all Java functions, which calls one that does nothing. */
  @Benchmark
  public void downcallAndUpcall() {
    upcall.run(1);
  }

  /** A scope in which nothing is made. */
  @Benchmark
  public void emptyScope() {
    scope.run(1);
  }

  /** An addition of eight numbers, freed by itself. */
  @Benchmark
  public void add() {
    add.run(1);
  }

  /** The same in a scope of its own. */
  @Benchmark
  public void addInScope() {
    addInScope.run(1);
  }

  /** The derivative of a function that returns its input. */
  @Benchmark
  public void jvpOfIdentity() {
    jvp.run(1);
  }
}
