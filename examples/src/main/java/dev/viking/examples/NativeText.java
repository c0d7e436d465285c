package dev.viking.examples;

import dev.viking.bindings.NativeLibrary;
import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the native library tells about itself as text; diagnostics that the Java API does not carry.
 */
final class NativeText {
  private static final long CAPACITY = 1 << 20;
  private static final long ERROR_CAPACITY = 4096;

  private NativeText() {}

  private interface Question {
    int ask(
        MemorySegment buffer,
        long capacity,
        MemorySegment needed,
        MemorySegment error,
        long errorCapacity);
  }

  /** How the library was built and what it found, as key and value. */
  static Map<String, String> buildInfo() {
    Map<String, String> info = new LinkedHashMap<>();
    for (String line : answer(viking_native_h::vk_build_info).lines().toList()) {
      int sign = line.indexOf('=');
      if (sign > 0) {
        info.put(line.substring(0, sign), line.substring(sign + 1));
      }
    }
    return info;
  }

  /** The guarded operators: name, condition, action, reason. */
  static List<String[]> guards() {
    return answer(viking_native_h::vk_op_guards)
        .lines()
        .filter(line -> !line.isBlank())
        .map(line -> line.split("\t", -1))
        .toList();
  }

  private static String answer(Question question) {
    NativeLibrary.ensureLoaded();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(CAPACITY);
      MemorySegment needed = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment error = arena.allocate(ERROR_CAPACITY);
      int status = question.ask(buffer, CAPACITY, needed, error, ERROR_CAPACITY);
      if (status != viking_native_h.VK_OK()) {
        throw new IllegalStateException("native library: " + error.getString(0));
      }
      return buffer.getString(0);
    }
  }
}
