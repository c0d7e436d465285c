package dev.viking.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How much memory each part of a VIKING step takes at most: while a kernel runs, another thread
 * looks again and again at the resident set and at where in the step the kernel's thread is.
 *
 * <p>The resident set tells what lives only where the allocator gives freed blocks back to the
 * system at once, as glibc does for those above its limit for own mappings; set that low.
 */
final class MemoryPhases {
  private static final Path STATM = Path.of("/proc/self/statm");
  private static final long PAGE = 4096;

  /** The methods that a step calls, by the names of their parts. */
  private static final Map<String, String> PARTS =
      Map.of(
          "Linearisation.of", "forward-at-the-mean",
          "StructuredLinearisation.lossRows", "backward-and-rows",
          "KernelProjection.of", "gram-and-factor",
          "KernelProjection.project", "projection",
          "Expectations.sampled", "sample's-passes",
          "KernelProjection.adjoint", "adjoint's-projection",
          "StructuredLinearisation.lossWeightedHvp", "second-derivatives");

  private final Map<String, Long> most = new LinkedHashMap<>();
  private final Thread observed;
  private final long before;
  private volatile boolean over;

  private MemoryPhases(Thread observed) {
    this.observed = observed;
    this.before = resident();
  }

  /**
   * Runs a kernel on the calling thread.
   *
   * @param times how often; more often, the more a short step is seen
   * @return the part of the step and the bytes that the process had then above what it had before,
   *     at most, in the order of the parts
   */
  static Map<String, Long> of(Kernel kernel, int times) {
    kernel.run(Math.max(1, times / 2));
    MemoryPhases phases = new MemoryPhases(Thread.currentThread());
    Thread sampler = Thread.ofPlatform().daemon().start(phases::sample);
    try {
      kernel.run(times);
    } finally {
      phases.over = true;
    }
    try {
      sampler.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return phases.most;
  }

  private void sample() {
    while (!over) {
      String part = part(observed.getStackTrace());
      long bytes = resident() - before;
      // Seen in the same part before and after: so the bytes are that part's.
      if (part.equals(part(observed.getStackTrace()))) {
        most.merge(part, bytes, Math::max);
      }
    }
  }

  private static String part(StackTraceElement[] trace) {
    for (int i = trace.length - 2; i >= 0; i--) {
      String name = PARTS.get(name(trace[i]));
      if (name != null && isElbo(trace[i + 1])) {
        return name;
      }
    }
    return "rest";
  }

  private static boolean isElbo(StackTraceElement caller) {
    return caller.getClassName().endsWith(".Elbo");
  }

  private static String name(StackTraceElement frame) {
    String owner = frame.getClassName();
    return owner.substring(owner.lastIndexOf('.') + 1) + '.' + frame.getMethodName();
  }

  private static long resident() {
    try {
      return PAGE * Long.parseLong(Files.readString(STATM).split(" ", 3)[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
