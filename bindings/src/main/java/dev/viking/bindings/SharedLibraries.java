package dev.viking.bindings;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;

/** Opens shared libraries by their absolute path. */
final class SharedLibraries {
  private SharedLibraries() {}

  /**
   * Loads a shared library for the life of the JVM.
   *
   * <p>Not by {@code System.load}, which refuses a file that another class loader of this JVM has
   * loaded. But that one says why it failed, so it is asked when the other way failed.
   *
   * @param file an absolute path
   * @return a lookup for its symbols
   * @throws UnsatisfiedLinkError if the file cannot be loaded; its message is the reason alone
   */
  @SuppressWarnings("restricted")
  static SymbolLookup open(Path file) {
    String defect = ElfFile.defect(file);
    if (defect != null) {
      throw new UnsatisfiedLinkError(defect);
    }
    try {
      return SymbolLookup.libraryLookup(file, Arena.global());
    } catch (IllegalArgumentException e) {
      throw new UnsatisfiedLinkError(reason(file, e.toString()));
    } catch (IllegalCallerException e) {
      throw new UnsatisfiedLinkError(e.getMessage());
    }
  }

  /** The dynamic linker's own words, without the file's name, which it says once or twice. */
  @SuppressWarnings("restricted")
  private static String reason(Path file, String otherwise) {
    String reason = otherwise;
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError e) {
      reason = String.valueOf(e.getMessage());
    }
    String prefix = file + ": ";
    while (reason.startsWith(prefix)) {
      reason = reason.substring(prefix.length());
    }
    return reason;
  }
}
