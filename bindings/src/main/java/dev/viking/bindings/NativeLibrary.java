package dev.viking.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
 *   <li>the resource {@code META-INF/native/<os>-<arch>/libviking_native.so}, extracted to the user's cache folder.
 * </ol>
 *
 * <p>The first of these that is set is the one that is meant: if it does not work, loading fails, and no other library is
 * taken in its place. The library needs libtorch. It remembers where libtorch was when it was built; system property
 * {@code viking.libtorch.home} or environment variable {@code LIBTORCH_HOME} (libtorch's folder, or its {@code lib}) name
 * another, which is then loaded first.
 *
 * <p>All methods may be called by any thread.
 */
public final class NativeLibrary {
  private static final String NAME = "viking_native";
  private static final String PATH_PROPERTY = "viking.native.path";
  private static final String PATH_VARIABLE = "VIKING_NATIVE_PATH";
  private static final int ERROR_CAPACITY = 4096;

  private static final Object LOCK = new Object();

  /** A library that was loaded and has passed the handshake. */
  private record Loaded(Path path, SymbolLookup symbols) {}

  private static volatile @Nullable Loaded loaded;

  private NativeLibrary() {}

  /**
   * Loads the library unless that is done already. Costs one volatile read when it is.
   *
   * @throws NativeLibraryException if there is no library, or it cannot be loaded, or it (or the libtorch it found) has
   *     another version than this class was made for; the message names every path tried and the fix
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
          result = new Attempts().run();
          loaded = result;
        }
      }
    }
    return result;
  }

  /** One run through the places; keeps what failed for the message. */
  private static final class Attempts {
    private final List<String> failures = new ArrayList<>();

    Loaded run() {
      LibtorchPreloader.preload(failures);
      String property = System.getProperty(PATH_PROPERTY);
      if (property != null && !property.isEmpty()) {
        return fromPath("system property " + PATH_PROPERTY, property);
      }
      failures.add("system property " + PATH_PROPERTY + ": not set");
      String variable = System.getenv(PATH_VARIABLE);
      if (variable != null && !variable.isEmpty()) {
        return fromPath("environment variable " + PATH_VARIABLE, variable);
      }
      failures.add("environment variable " + PATH_VARIABLE + ": not set");
      return fromResource();
    }

    private Loaded fromPath(String source, String value) {
      Path file;
      try {
        file = Path.of(value).toAbsolutePath().normalize();
      } catch (InvalidPathException e) {
        throw failed(source + "=" + value + ": not a path (" + e.getReason() + ")");
      }
      if (Files.isDirectory(file)) {
        file = file.resolve(NativePlatform.libraryFile(NAME));
      }
      if (!Files.exists(file)) {
        throw failed(source + "=" + value + ": " + file + ": no such file");
      }
      Loaded result = open(source, file);
      if (result == null) {
        throw failed(null);
      }
      return result;
    }

    private Loaded fromResource() {
      String fileName = NativePlatform.libraryFile(NAME);
      String resource = "META-INF/native/" + NativePlatform.id() + "/" + fileName;
      byte[] content;
      ClassLoader loader = NativeLibrary.class.getClassLoader();
      try (InputStream stream =
          loader == null
              ? ClassLoader.getSystemResourceAsStream(resource)
              : loader.getResourceAsStream(resource)) {
        if (stream == null) {
          throw failed("resource " + resource + ": not on the class path or module path");
        }
        content = stream.readAllBytes();
      } catch (IOException e) {
        throw failed("resource " + resource + ": cannot be read (" + e + ")");
      }
      for (Path folder : NativeExtractor.folders()) {
        try {
          Path file = NativeExtractor.extract(content, fileName, folder);
          Loaded result = open("resource " + resource, file);
          if (result != null) {
            return result;
          }
        } catch (IOException e) {
          failures.add("resource " + resource + " extracted to " + folder + ": " + e);
        }
      }
      throw failed(null);
    }

    /** Null, with the reason noted, when the file cannot be loaded; a file that loads but does not fit is final. */
    private @Nullable Loaded open(String source, Path file) {
      SymbolLookup symbols;
      try {
        symbols = SharedLibraries.open(file);
      } catch (UnsatisfiedLinkError e) {
        failures.add(source + ": " + file + ": " + e.getMessage());
        return null;
      }
      String refusal = handshake(symbols);
      if (refusal != null) {
        throw failed(source + ": " + file + ": loaded, but " + refusal);
      }
      return new Loaded(file, symbols);
    }

    private NativeLibraryException failed(@Nullable String failure) {
      if (failure != null) {
        failures.add(failure);
      }
      return new NativeLibraryException(
          "VIKING's native library could not be loaded (" + NativePlatform.id() + ").",
          failures,
          Fixes.forFailures(failures));
    }
  }

  /**
   * Has its own handle, made from the lookup at hand: the generated one would ask {@link #find}, and wait for us.
   *
   * @return what is wrong, or null
   */
  @SuppressWarnings("restricted")
  private static @Nullable String handshake(SymbolLookup symbols) {
    Optional<MemorySegment> function = symbols.find("vk_handshake");
    if (function.isEmpty()) {
      return "it has no function vk_handshake: it is not VIKING's native library";
    }
    FunctionDescriptor descriptor =
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
    var handle = Linker.nativeLinker().downcallHandle(function.get(), descriptor);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = arena.allocate(ERROR_CAPACITY);
      int status =
          (int)
              handle.invokeExact(
                  viking_native_h.VK_ABI_VERSION(), error, (long) ERROR_CAPACITY);
      return status == viking_native_h.VK_OK() ? null : "refused: " + error.getString(0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable t) {
      throw new AssertionError("a downcall throws nothing checked", t);
    }
  }
}
