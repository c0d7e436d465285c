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
 *   <li>the resource {@code META-INF/native/<os>-<arch>/libviking_native.so} of the artefact {@code
 *       viking-native}, extracted to the user's cache folder.
 * </ol>
 *
 * <p>The first of these that is set is the one that is meant: if it does not work, loading fails,
 * and no other library is taken in its place.
 *
 * <p>The library needs libtorch, which is loaded before it, from the first of:
 *
 * <ol>
 *   <li>system property {@code viking.libtorch.home} or environment variable {@code LIBTORCH_HOME}:
 *       libtorch's folder, or its {@code lib}; when it is set, no other is looked for;
 *   <li>the natives of {@code org.bytedeco:pytorch} and {@code org.bytedeco:openblas} on the class
 *       path, extracted to the user's cache folder;
 *   <li>the torch of a Python: of the active environment, of those on the path, of the user;
 *   <li>the copy that {@code build-native.sh} provisioned.
 * </ol>
 *
 * <p>A libtorch of another minor version than the library was compiled against is passed over. The
 * cache folder is {@code viking} in {@code XDG_CACHE_HOME} or {@code ~/.cache}; system property
 * {@code viking.cache} or environment variable {@code VIKING_CACHE} name another. Where it cannot
 * be written, the folder for temporary files serves, and a warning says so.
 *
 * <p>All methods may be called by any thread.
 */
public final class NativeLibrary {
  private static final Object LOCK = new Object();

  /** A library that was loaded and has passed the handshake. */
  record Loaded(Path path, SymbolLookup symbols, @Nullable LibtorchFolder libtorch) {}

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

  /**
   * Where libtorch was loaded from; loads the library if need be.
   *
   * @return for example {@code Python's torch: /usr/lib/.../torch/lib (libtorch 2.13.0+cpu)}; empty
   *     when it was left to the dynamic linker
   * @throws NativeLibraryException as {@link #ensureLoaded()}
   */
  public static Optional<String> libtorch() {
    return Optional.ofNullable(load().libtorch()).map(LibtorchFolder::toString);
  }

  /** The folder that libtorch was loaded from, or null when it was left to the dynamic linker. */
  static @Nullable Path libtorchFolder() {
    LibtorchFolder folder = load().libtorch();
    return folder == null ? null : folder.lib();
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
