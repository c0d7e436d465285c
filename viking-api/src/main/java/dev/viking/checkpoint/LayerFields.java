package dev.viking.checkpoint;

import dev.viking.nn.Layer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The fields of one layer in a description, while it is written or read. Names what is missing, of
 * another kind, or unknown.
 */
final class LayerFields {
  private final Map<String, Object> values;
  private final Map<String, double[]> constants;
  private final Set<String> asked = new HashSet<>(Set.of(LayerFormats.TYPE));
  private final String where;

  /**
   * Fields to be read.
   *
   * @param values the layer's own
   * @param constants of all layers, by name
   * @param where names the layer in messages
   */
  LayerFields(Map<String, Object> values, Map<String, double[]> constants, String where) {
    this.values = values;
    this.constants = constants;
    this.where = where;
  }

  /** Fields to be written; {@code constants} receives those of the layer. */
  LayerFields(Map<String, double[]> constants) {
    this(new LinkedHashMap<>(), constants, "");
  }

  Map<String, Object> values() {
    return values;
  }

  /** Puts numbers that are stored as an array beside the description, under a name of its own. */
  LayerFields putConstant(String name, double[] numbers) {
    if (constants.put(name, numbers.clone()) != null) {
      throw new ModelDescriptionException(
          "the constants \"" + name + "\" occur twice; needed layers with different names");
    }
    return this;
  }

  double[] constant(String name) {
    double[] numbers = constants.get(name);
    if (numbers == null) {
      throw new ModelDescriptionException(
          where + ": there are no constants \"" + name + "\" beside the description");
    }
    return numbers.clone();
  }

  LayerFields put(String name, Object value) {
    values.put(name, value);
    return this;
  }

  /** Puts layers inside this one, as a residual connection has them. */
  LayerFields putLayers(String name, List<Layer> layers) {
    values.put(name, layers.stream().map(layer -> LayerFormats.write(layer, constants)).toList());
    return this;
  }

  String text(String name) {
    return get(name, String.class, "a text");
  }

  long number(String name) {
    return get(name, Long.class, "a whole number");
  }

  /** A list of whole numbers of the given length; 0 for any length. */
  List<Long> numbers(String name, int length) {
    List<?> list = get(name, List.class, "a list of whole numbers");
    if ((length > 0 && list.size() != length)
        || !list.stream().allMatch(value -> value instanceof Long)) {
      throw new ModelDescriptionException(
          where
              + ": "
              + name
              + " is "
              + list
              + "; needed a list of "
              + (length == 0 ? "" : length + " ")
              + "whole numbers");
    }
    return list.stream().map(value -> (Long) value).toList();
  }

  boolean truth(String name) {
    return get(name, Boolean.class, "true or false");
  }

  double real(String name) {
    return get(name, Number.class, "a number").doubleValue();
  }

  List<Layer> layers(String name) {
    return LayerFormats.read(
        get(name, List.class, "a list of layers"), constants, where + "." + name);
  }

  /** One of an enumeration's constants, in lower case. */
  <E extends Enum<E>> E choice(String name, Class<E> type) {
    String text = text(name);
    for (E constant : type.getEnumConstants()) {
      if (LayerFormats.lower(constant).equals(text)) {
        return constant;
      }
    }
    throw new ModelDescriptionException(
        where
            + ": "
            + name
            + " is \""
            + text
            + "\"; needed one of "
            + Arrays.stream(type.getEnumConstants()).map(LayerFormats::lower).toList());
  }

  /** Refuses fields that nobody asked for: they would have meant something. */
  void requireAllAsked() {
    for (String name : values.keySet()) {
      if (!asked.contains(name)) {
        throw new ModelDescriptionException(
            where
                + ": has a field \""
                + name
                + "\" that this version of the library does not know; needed a newer one");
      }
    }
  }

  private <T> T get(String name, Class<T> type, String needed) {
    asked.add(name);
    Object value = values.get(name);
    if (!type.isInstance(value)) {
      throw new ModelDescriptionException(
          where
              + ": "
              + name
              + " is "
              + (value == null ? "missing" : value)
              + "; needed "
              + needed);
    }
    return type.cast(value);
  }
}
