package dev.viking.benchmarks;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The kernels of {@link Kernels} on LeNet under JMH, for its profilers; compare implementations
 * with {@code benchmarks/run.sh}, which lets them take turns.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
public class KernelBenchmark {
  /** The kernel's name. */
  @Param({
    "forward",
    "jvp",
    "vjp",
    "gradient",
    "hvp",
    "per_example_gradients",
    "per_example_gradients_generic",
    "jacobian",
    "jacobian_generic",
    "map_step",
    "viking_step",
    "viking_step_fixed_projection"
  })
  public String kernel = "forward";

  private @Nullable Kernel open;

  /** Made by JMH. */
  public KernelBenchmark() {}

  /** Makes the kernel. */
  @Setup
  public void open() {
    open = Kernels.make(kernel);
  }

  /** Frees the kernel. */
  @TearDown
  public void close() {
    kernel().close();
  }

  /** The kernel's work, once. */
  @Benchmark
  public void run() {
    kernel().run(1);
  }

  private Kernel kernel() {
    Kernel made = open;
    if (made == null) {
      throw new IllegalStateException("JMH did not call open()");
    }
    return made;
  }
}
