package dev.viking.bindings;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Asks libtorch to take large blocks in huge pages.
 *
 * <p>Blocks of tens of megabytes, such as Jacobians, go back to the system when they are freed, and
 * cost a page fault for every 4 KiB when they are taken again: half of the time of a LeNet's
 * Jacobian. libtorch reads an environment variable for it when it is loaded, which is too early for
 * the shim, and Java cannot set variables; so this calls the C library. A user's own setting wins.
 */
final class HugePages {
  private static final String VARIABLE = "THP_MEM_ALLOC_ENABLE";

  private HugePages() {}

  /** Sets the variable unless it is set; where that is impossible, nothing happens. */
  @SuppressWarnings("restricted")
  static void prefer() {
    try (Arena arena = Arena.ofConfined()) {
      Linker linker = Linker.nativeLinker();
      Optional<MemorySegment> setenv = linker.defaultLookup().find("setenv");
      if (setenv.isPresent()) {
        // int setenv(const char *name, const char *value, int overwrite)
        MethodHandle call =
            linker.downcallHandle(
                setenv.get(),
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT));
        int status =
            (int) call.invokeExact(arena.allocateFrom(VARIABLE), arena.allocateFrom("1"), 0);
        assert status == 0 : "setenv: " + status;
      }
    } catch (IllegalCallerException _) {
      // Native access is denied: loading the library says so in a moment, with the remedy.
    } catch (Throwable e) {
      throw new AssertionError("setenv", e);
    }
  }
}
