package dev.viking.bindings;

import java.lang.foreign.SymbolLookup;

/**
 * Where the generated code looks its symbols up.
 *
 * <p>The lookup loads the library when the first symbol is asked for. So the generated class can be
 * initialised (for its constants, say) without a library, and a call made before {@link
 * NativeLibrary#ensureLoaded()} works too.
 */
final class NativeSymbols {
  private NativeSymbols() {}

  /**
   * A lookup in VIKING's native library. Asking it for a symbol throws {@link
   * NativeLibraryException} when the library cannot be loaded.
   *
   * @return the lookup; may be used by any thread
   */
  static SymbolLookup lookup() {
    return NativeLibrary::find;
  }
}
