package dev.viking.bindings;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A C ABI in comparable form; made from the header's text by {@link HeaderParser} and from the
 * generated classes by {@link GeneratedAbi}.
 *
 * @param functions signature of each function and function type by its carriers, for example {@code
 *     int32(pointer, int64)}
 * @param structs for each struct its fields in order, with offset and carrier, and its size
 * @param constants value of each enum constant
 * @param prototypes each function's C prototype with single spaces
 */
record AbiDescription(
    SortedMap<String, String> functions,
    SortedMap<String, String> structs,
    SortedMap<String, Long> constants,
    SortedMap<String, String> prototypes) {

  AbiDescription() {
    this(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
  }

  /**
   * What is missing on either side, and what differs.
   *
   * @param generated the other side
   * @return one line for each difference; empty when both describe the same ABI
   */
  List<String> differencesTo(AbiDescription generated) {
    List<String> differences = new ArrayList<>();
    compare("function", functions, generated.functions, differences);
    compare("struct", structs, generated.structs, differences);
    compare("constant", constants, generated.constants, differences);
    compare("prototype", prototypes, generated.prototypes, differences);
    return differences;
  }

  private static <V> void compare(
      String kind,
      SortedMap<String, V> header,
      SortedMap<String, V> generated,
      List<String> differences) {
    TreeSet<String> names = new TreeSet<>(header.keySet());
    names.addAll(generated.keySet());
    for (String name : names) {
      V expected = header.get(name);
      V actual = generated.get(name);
      if (expected == null) {
        differences.add(kind + " " + name + ": generated, but not in the header");
      } else if (actual == null) {
        differences.add(kind + " " + name + ": in the header, but not generated");
      } else if (!Objects.equals(expected, actual)) {
        differences.add(
            kind + " " + name + ": header has " + expected + ", generated code " + actual);
      }
    }
  }
}
