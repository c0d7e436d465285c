package dev.viking.examples;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Where a stored result's options differ from those given. */
final class CellConflicts {
  private static final int SHOWN = 4;

  private CellConflicts() {}

  /** The error of a stored file whose options are others. */
  static UsageException error(Path file, JsonNode given, JsonNode stored) {
    List<String> differences = new ArrayList<>();
    collect("", given, stored, differences);
    String more =
        differences.size() > SHOWN ? " and " + (differences.size() - SHOWN) + " more" : "";
    return new UsageException(
        file
            + " was made with other options: "
            + String.join("; ", differences.subList(0, Math.min(SHOWN, differences.size())))
            + more
            + "; give the same options, another --out, or --redo to replace it");
  }

  private static void collect(
      String path, JsonNode given, JsonNode stored, List<String> differences) {
    if (given.equals(stored)) {
      return;
    }
    if (!given.isObject() || !stored.isObject()) {
      differences.add(path + " is " + text(given) + ", the stored one has " + text(stored));
      return;
    }
    Set<String> names = new LinkedHashSet<>();
    given.fieldNames().forEachRemaining(names::add);
    stored.fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      String below = path.isEmpty() ? name : path + "." + name;
      collect(below, given.path(name), stored.path(name), differences);
    }
  }

  private static String text(JsonNode node) {
    return node.isMissingNode() ? "nothing" : node.isValueNode() ? node.asText() : node.toString();
  }
}
