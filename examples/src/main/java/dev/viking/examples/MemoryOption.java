package dev.viking.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.posterior.ElboOptions;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How much memory Jacobians may take, an option of every command that projects. */
final class MemoryOption {
  /** The option's name in a configuration, which holds bytes. */
  static final String NAME = "memory-limit";

  /** What it is unless given: 1 GiB, for a step's Jacobian as for the blocks of a draw. */
  static final long DEFAULT = ElboOptions.DEFAULT_MEMORY_LIMIT;

  private static final Pattern SIZE = Pattern.compile("(\\d{1,18})([KMG]?)");
  private static final int BITS_PER_SUFFIX = 10;

  @Option(
      names = "--memory-limit",
      paramLabel = "SIZE",
      description =
          "Bytes that a step's Jacobian may take, and that the blocks may hold by which samples are"
              + " projected; with K, M or G behind the number powers of 1024. What does not fit is"
              + " computed anew for each use, to the same numbers but for rounding (default: 1G;"
              + " evaluate: as in training).")
  @Nullable String size;

  /** Whether the option was given. */
  boolean isGiven() {
    return size != null;
  }

  /** The limit in bytes, checked. */
  long bytes() {
    String given = size;
    if (given == null) {
      return DEFAULT;
    }
    Matcher parts = SIZE.matcher(given.toUpperCase(Locale.ROOT));
    if (parts.matches()) {
      long number = Long.parseLong(parts.group(1));
      String suffix = parts.group(2);
      int shift = suffix.isEmpty() ? 0 : BITS_PER_SUFFIX * (1 + "KMG".indexOf(suffix));
      if (number > 0 && number <= (Long.MAX_VALUE >> shift)) {
        return number << shift;
      }
    }
    throw new UsageException(
        "--memory-limit: "
            + given
            + " given; a whole number of bytes above 0 is needed, such as 800000, 512M or 2G");
  }

  /**
   * Writes the limit unless it is the default, which stored runs of before it was an option have.
   */
  void write(ObjectNode node) {
    long bytes = bytes();
    if (bytes != DEFAULT) {
      node.put(NAME, bytes);
    }
  }
}
