package dev.viking.bindings;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Asks a library that was just loaded whether it is ours and fits.
 *
 * <p>It binds {@code vk_handshake} by itself: the generated binding looks its symbol up through
 * {@link NativeSymbols}, which would wait for the very load that this is part of.
 */
final class Handshake {
  private static final int ERROR_CAPACITY = 4096;

  /** {@code int32_t vk_handshake(int32_t abi_version, char *error, int64_t error_capacity)}. */
  private static final FunctionDescriptor VK_HANDSHAKE =
      FunctionDescriptor.of(
          ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);

  private Handshake() {}

  /**
   * Shakes hands.
   *
   * @param symbols of the library
   * @return why the library cannot be used, or null when it can
   */
  @SuppressWarnings("restricted")
  static @Nullable String refusal(SymbolLookup symbols) {
    Optional<MemorySegment> function = symbols.find("vk_handshake");
    if (function.isEmpty()) {
      return "not VIKING's native library: it has no function vk_handshake";
    }
    MethodHandle handle = Linker.nativeLinker().downcallHandle(function.get(), VK_HANDSHAKE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = arena.allocate(ERROR_CAPACITY);
      int abi = viking_native_h.VK_ABI_VERSION();
      int status = (int) handle.invokeExact(abi, error, (long) ERROR_CAPACITY);
      if (status == viking_native_h.VK_OK()) {
        return null;
      }
      return "refused with status " + status + ": " + error.getString(0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable t) {
      throw new AssertionError("a downcall throws nothing checked", t);
    }
  }
}
