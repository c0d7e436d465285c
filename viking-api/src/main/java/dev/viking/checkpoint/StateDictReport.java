package dev.viking.checkpoint;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How the arrays of a file fit the parameters of a model, and the statistics of its batch norms
 * where it is a {@link dev.viking.nn.Sequential}.
 *
 * @param matched the file's name by the model's name, for everything that can be loaded
 * @param missing parameters and statistics of the model that the file does not have
 * @param leftOver arrays of the file, by its own names, that the model does not have; without
 *     {@code num_batches_tracked}
 * @param mismatched what is wrong, by the model's name, with arrays of another shape or an element
 *     type that is not floating
 */
public record StateDictReport(
    Map<String, String> matched,
    List<String> missing,
    List<String> leftOver,
    Map<String, String> mismatched) {
  /** Copies the collections, in their order. */
  public StateDictReport {
    matched = Collections.unmodifiableMap(new LinkedHashMap<>(matched));
    missing = List.copyOf(missing);
    leftOver = List.copyOf(leftOver);
    mismatched = Collections.unmodifiableMap(new LinkedHashMap<>(mismatched));
  }

  /**
   * Whether everything can be loaded and no array is left over.
   *
   * @return true when nothing is missing, left over or mismatched
   */
  public boolean complete() {
    return missing.isEmpty() && leftOver.isEmpty() && mismatched.isEmpty();
  }

  /** A few lines for a reader, the counts first. */
  @Override
  public String toString() {
    StringBuilder text =
        new StringBuilder(
            "%d matched, %d missing, %d left over, %d mismatched"
                .formatted(matched.size(), missing.size(), leftOver.size(), mismatched.size()));
    missing.forEach(name -> text.append("\n  missing: ").append(name));
    leftOver.forEach(name -> text.append("\n  left over: ").append(name));
    mismatched.forEach(
        (name, what) -> text.append("\n  mismatched: ").append(name).append(": ").append(what));
    return text.toString();
  }
}
