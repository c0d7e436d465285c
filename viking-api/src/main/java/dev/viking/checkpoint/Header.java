package dev.viking.checkpoint;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a header says: texts, and where which array lies. The maps keep the header's order and
 * cannot be changed.
 *
 * @param metadata texts by key
 * @param entries arrays by name, those of types that this library has
 * @param foreign the format's name of the type of each other array, by the array's name
 * @param names of all arrays
 */
record Header(
    Map<String, String> metadata,
    Map<String, CheckpointEntry> entries,
    Map<String, String> foreign,
    List<String> names) {
  /** The key in the header's JSON that holds the texts, and so cannot be the name of an array. */
  static final String METADATA_KEY = "__metadata__";

  /** Largest header that other readers of the format accept. */
  static final long MAX_BYTES = 100_000_000;

  /** Bytes in front of the header: its length. */
  static final int LENGTH_BYTES = 8;

  Header {
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    foreign = Map.copyOf(foreign);
    names = List.copyOf(names);
  }

  Header(Map<String, String> metadata, Map<String, CheckpointEntry> entries) {
    this(metadata, entries, Map.of(), List.copyOf(entries.keySet()));
  }

  /** What stands under names that start with a prefix, which they lose. */
  Header section(String prefix) {
    return new Header(
        under(prefix, metadata),
        under(prefix, entries),
        under(prefix, foreign),
        names.stream()
            .filter(name -> name.startsWith(prefix))
            .map(name -> name.substring(prefix.length()))
            .toList());
  }

  private static <T> Map<String, T> under(String prefix, Map<String, T> all) {
    Map<String, T> found = new LinkedHashMap<>();
    all.forEach(
        (name, each) -> {
          if (name.startsWith(prefix)) {
            found.put(name.substring(prefix.length()), each);
          }
        });
    return found;
  }
}
