package dev.viking.baseline;

import java.lang.reflect.RecordComponent;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A record's components as texts. New options of a trainer are so among a method's settings without
 * anybody thinking of it: results are stored under them.
 */
final class RecordTexts {
  private RecordTexts() {}

  static Map<String, String> of(Record values, Set<String> omitted) {
    Map<String, String> texts = new LinkedHashMap<>();
    for (RecordComponent component : values.getClass().getRecordComponents()) {
      if (!omitted.contains(component.getName())) {
        try {
          texts.put(component.getName(), String.valueOf(component.getAccessor().invoke(values)));
        } catch (ReflectiveOperationException e) {
          throw new IllegalStateException(component + " cannot be read", e);
        }
      }
    }
    return texts;
  }

  /** The settings of a method that starts from another's point estimate, and that one's. */
  static Map<String, String> withStart(Record method, Method start) {
    Map<String, String> texts = of(method, Set.of("name", "start"));
    start.hyperparameters().forEach((setting, text) -> texts.put("start." + setting, text));
    return Collections.unmodifiableMap(texts);
  }
}
