package dev.viking.checkpoint;

import java.nio.file.Path;
import java.util.Arrays;

/** A program that replaces one checkpoint again and again until it is killed. */
final class EndlessWriter {
  private static final int LENGTH = 500_000;

  private EndlessWriter() {}

  /**
   * Writes to the file that the first argument names; every element of a file has the same value.
   */
  public static void main(String[] args) {
    Path file = Path.of(args[0]);
    for (long round = 0; ; round++) {
      long[] values = new long[LENGTH];
      Arrays.fill(values, round);
      Checkpoint.builder()
          .put("v", values, LENGTH)
          .metadata("round", Long.toString(round))
          .write(file);
    }
  }
}
