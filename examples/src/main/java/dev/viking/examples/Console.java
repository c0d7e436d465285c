package dev.viking.examples;

import java.io.PrintStream;

/**
 * Where a command writes: results to {@code out}, progress and errors to {@code err}. The streams
 * belong to the caller.
 *
 * @param out for results
 * @param err for progress and errors
 * @param terminal whether progress may be drawn with a bar that overwrites itself
 */
record Console(PrintStream out, PrintStream err, boolean terminal) {

  /** The process's own streams. */
  @SuppressWarnings("SystemConsoleNull") // an image without jdk.internal.le may have none
  static Console ofProcess() {
    java.io.Console console = System.console();
    return new Console(System.out, System.err, console != null && console.isTerminal());
  }
}
