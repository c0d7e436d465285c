package dev.viking.checkpoint;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a header says: texts, and where which array lies. The maps keep the header's order and
 * cannot be changed.
 *
 * @param metadata texts by key
 * @param entries arrays by name
 */
record Header(Map<String, String> metadata, Map<String, CheckpointEntry> entries) {
  /** The key in the header's JSON that holds the texts, and so cannot be the name of an array. */
  static final String METADATA_KEY = "__metadata__";

  /** Largest header that other readers of the format accept. */
  static final long MAX_BYTES = 100_000_000;

  /** Bytes in front of the header: its length. */
  static final int LENGTH_BYTES = 8;

  Header {
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
  }
}
