package dev.viking.bindings;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds VIKING's native library, loads it once, and checks that it fits.
 *
 * <p>Where it is looked for:
 *
 * <ol>
 *   <li>system property {@code viking.native.path}: the file, or the folder that has it;
 *   <li>environment variable {@code VIKING_NATIVE_PATH}: the same;
 *   <li>the resource {@code META-INF/native/<os>-<arch>/libviking_native.so}, extracted to the
 *       user's cache folder.
 * </ol>
 *
 * <p>The first of these that is set is the one that is meant: if it does not work, loading fails,
 * and no other library is taken in its place. The library needs libtorch. It remembers where
 * libtorch was when it was built; system property {@code viking.libtorch.home} or environment
 * variable {@code LIBTORCH_HOME} (libtorch's folder, or its {@code lib}) name another, which is
 * then loaded first.
 *
 * <p>All methods may be called by any thread.
 */
public final class NativeLibrary {
  private static final Object LOCK = new Object();

  /** A library that was loaded and has passed the handshake. */
  record Loaded(Path path, SymbolLookup symbols) {}

  private static volatile @Nullable Loaded loaded;

  private NativeLibrary() {}

  /**
   * Loads the library unless that is done already. Costs one volatile read when it is.
   *
   * @throws NativeLibraryException if there is no library, or it cannot be loaded, or it (or the
   *     libtorch it found) has another version than this class was made for; the message names
   *     every path tried and the fix
   */
  public static void ensureLoaded() {
    if (loaded == null) {
      load();
    }
  }

  /**
   * The file that was loaded; loads it if need be.
   *
   * @return an absolute path
   * @throws NativeLibraryException as {@link #ensureLoaded()}
   */
  public static Path path() {
    return load().path();
  }

  /** Address of an exported function; loads the library if need be. */
  static Optional<MemorySegment> find(String symbol) {
    return load().symbols().find(symbol);
  }

  private static Loaded load() {
    Loaded result = loaded;
    if (result == null) {
      synchronized (LOCK) {
        result = loaded;
        if (result == null) {
          HugePages.prefer();
          result = new LibrarySearch().run();
          loaded = result;
        }
      }
    }
    return result;
  }
}
