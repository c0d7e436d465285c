package dev.viking.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many cells may run at the same time. */
final class Parallelism {
  private static final Path MEMORY = Path.of("/proc/meminfo");
  // What a step or a pass holds besides: activations, the block of rows in work, its products.
  private static final long BASE_BYTES = 1L << 30;
  private static final long PARAMETER_COPIES = 4;

  private Parallelism() {}

  /**
   * What the option says; for 0 as many as the processors can give the operators' threads, and as
   * fit into the memory that is free now.
   */
  static int of(int option, int threads, CompareSettings settings) {
    if (option > 0) {
      return option;
    }
    int processors = Runtime.getRuntime().availableProcessors();
    long bySpeed = threads == 0 ? 1 : Math.max(1, processors / threads);
    long byMemory = Math.max(1, available() / bytesOf(settings));
    return (int) Math.min(bySpeed, byMemory);
  }

  /** A generous guess of what a cell takes: its samples in a few copies, and what a step holds. */
  static long bytesOf(CompareSettings settings) {
    long parameters = settings.network().layout().total();
    return BASE_BYTES + PARAMETER_COPIES * settings.samples() * parameters * Float.BYTES;
  }

  /** Bytes that are free; without limit where the system does not say. */
  private static long available() {
    try {
      for (String line : Files.readAllLines(MEMORY)) {
        if (line.startsWith("MemAvailable:")) {
          return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    } catch (IOException | NumberFormatException e) {
      return Long.MAX_VALUE;
    }
    return Long.MAX_VALUE;
  }
}
