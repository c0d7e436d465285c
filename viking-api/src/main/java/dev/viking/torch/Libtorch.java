package dev.viking.torch;

import dev.viking.bindings.NativeLibrary;
import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the native library tells about itself: how it was built, and which operators it guards.
 *
 * <p>Thread-safe.
 */
public final class Libtorch {
  private static final long CAPACITY = 1 << 20;
  private static final long ERROR_CAPACITY = 4096;

  private Libtorch() {}

  /**
   * An operator whose rules in libtorch are wrong or missing under some transforms.
   *
   * @param operator its schema name, with the overload where only one is meant
   * @param condition the transforms under which it is guarded
   * @param action what happens instead: reverse mode, a replacement, or a refusal
   * @param reason what is wrong upstream
   */
  public record Guard(String operator, String condition, String action, String reason) {}

  @FunctionalInterface
  private interface Question {
    int ask(
        MemorySegment buffer,
        long capacity,
        MemorySegment needed,
        MemorySegment error,
        long errorCapacity);
  }

  /**
   * How the library was built and what it found.
   *
   * @return abi, compiled_torch, runtime_torch, cuda and compiler, in this order
   * @throws dev.viking.bindings.NativeLibraryException when the library cannot be loaded
   */
  public static Map<String, String> buildInfo() {
    Map<String, String> info = new LinkedHashMap<>();
    for (String line : answer(viking_native_h::vk_build_info).lines().toList()) {
      int sign = line.indexOf('=');
      if (sign > 0) {
        info.put(line.substring(0, sign), line.substring(sign + 1));
      }
    }
    return info;
  }

  /**
   * The table of guarded operators.
   *
   * @return one entry for each operator and condition
   * @throws dev.viking.bindings.NativeLibraryException when the library cannot be loaded
   */
  public static List<Guard> guards() {
    return answer(viking_native_h::vk_op_guards)
        .lines()
        .map(line -> line.split("\t", 4))
        .map(row -> new Guard(row[0], row[1], row[2], row[3]))
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
        throw new InternalException("native library: " + error.getString(0));
      }
      return buffer.getString(0);
    }
  }
}
