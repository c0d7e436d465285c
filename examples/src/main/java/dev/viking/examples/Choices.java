package dev.viking.examples;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Options whose values are the constants of an enum, by their names in lower case with dashes. */
final class Choices {
  private Choices() {}

  /** The constant of a name, for an option such as {@code --scales}. */
  static <E extends Enum<E>> E of(String option, Class<E> type, String given) {
    for (E value : type.getEnumConstants()) {
      if (key(value).equals(given)) {
        return value;
      }
    }
    List<String> known = Arrays.stream(type.getEnumConstants()).map(Choices::key).toList();
    throw new UsageException(
        "--" + option + ": " + given + " given; one of " + String.join(", ", known) + " is needed");
  }

  /** A constant's name on the command line. */
  static String key(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
