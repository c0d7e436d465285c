package dev.viking.examples;

import dev.viking.torch.Threads;
import picocli.CommandLine.Option;

/** Options of every command that computes. */
final class CommonOptions {
  @Option(
      names = "--threads",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "Threads within one operator, 0 for libtorch's choice (default: ${DEFAULT-VALUE}).")
  int threads;

  /** Puts the options into effect. */
  void apply() {
    if (threads < 0) {
      throw new UsageException("--threads: " + threads + " given; at least 0 is needed");
    }
    if (threads > 0) {
      Threads.set(threads);
    }
  }
}
