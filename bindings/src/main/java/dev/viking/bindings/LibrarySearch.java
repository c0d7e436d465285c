package dev.viking.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One run through the places where the library may be; notes what it tried for the message of a
 * failure.
 */
final class LibrarySearch {
  private static final String NAME = "viking_native";
  private static final String PROPERTY = "viking.native.path";
  private static final String VARIABLE = "VIKING_NATIVE_PATH";

  private final List<String> tried = new ArrayList<>();
  private final LibtorchSearch libtorch = new LibtorchSearch(tried);
  private String fix = Fixes.NO_LIBRARY;

  /**
   * Loads libtorch where the user names one, then the library, and shakes hands with it.
   *
   * @return the library
   * @throws NativeLibraryException if that fails
   */
  NativeLibrary.Loaded run() {
    libtorch.loadNamed();
    String property = System.getProperty(PROPERTY);
    if (property != null && !property.isEmpty()) {
      return fromPath("system property " + PROPERTY, property);
    }
    tried.add("system property " + PROPERTY + ": not set");
    String variable = System.getenv(VARIABLE);
    if (variable != null && !variable.isEmpty()) {
      return fromPath("environment variable " + VARIABLE, variable);
    }
    tried.add("environment variable " + VARIABLE + ": not set");
    return fromResource();
  }

  private NativeLibrary.Loaded fromPath(String setting, String value) {
    String source = setting + "=" + value;
    Path file;
    try {
      file = Path.of(value).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw failed(source + ": not a path (" + e.getReason() + ")");
    }
    if (Files.isDirectory(file)) {
      file = file.resolve(NativePlatform.libraryFile(NAME));
    }
    if (!Files.exists(file)) {
      throw failed(source + ": " + file + ": no such file");
    }
    // Someone's own build remembers where its libtorch was; only when that is gone another is due.
    NativeLibrary.Loaded loaded = open(source, file);
    if (loaded == null && fix.equals(Fixes.NO_LIBTORCH) && libtorch.loaded() == null) {
      libtorch.discover(infoBeside(file));
      if (libtorch.loaded() != null) {
        loaded = open(source, file);
      }
    }
    if (loaded == null) {
      throw failed();
    }
    return loaded;
  }

  private static @Nullable ShimInfo infoBeside(Path library) {
    try (InputStream stream = Files.newInputStream(library.resolveSibling(ShimInfo.FILE))) {
      return ShimInfo.read(stream);
    } catch (IOException e) {
      // Nobody is told what it was compiled against; the handshake will find out.
      return null;
    }
  }

  private NativeLibrary.Loaded fromResource() {
    String fileName = NativePlatform.libraryFile(NAME);
    for (String folder : NativePlatform.resourceFolders()) {
      String source = "resource " + folder + fileName;
      byte[] content;
      ShimInfo info = null;
      try (InputStream stream = resourceStream(folder + fileName);
          InputStream infoStream = resourceStream(folder + ShimInfo.FILE)) {
        if (stream == null) {
          tried.add(source + ": not on the class path or module path");
          continue;
        }
        content = stream.readAllBytes();
        info = infoStream == null ? null : ShimInfo.read(infoStream);
      } catch (IOException e) {
        throw failed(source + ": cannot be read (" + e + ")");
      }
      libtorch.discover(info);
      return extracted(content, fileName, source);
    }
    fix = Fixes.NO_RESOURCE;
    throw failed();
  }

  private NativeLibrary.Loaded extracted(byte[] content, String fileName, String source) {
    for (ExtractionFolders.Place place : ExtractionFolders.places()) {
      try {
        Path file = NativeExtractor.extract(content, fileName, place.folder());
        NativeLibrary.Loaded loaded = open(source, file);
        if (loaded != null) {
          place.tellIfSecondChoice(tried);
          return loaded;
        }
      } catch (IOException e) {
        tried.add(source + ": cannot be extracted to " + place.folder() + " (" + e + ")");
      }
    }
    throw failed();
  }

  /**
   * Through the class loader, because the resource may be in another jar or module than this class.
   */
  private static @Nullable InputStream resourceStream(String resource) {
    ClassLoader loader = LibrarySearch.class.getClassLoader();
    return loader == null
        ? ClassLoader.getSystemResourceAsStream(resource)
        : loader.getResourceAsStream(resource);
  }

  /**
   * Loads the file. One that cannot be loaded here may work elsewhere (a folder mounted noexec);
   * one that was loaded but does not fit ends the search.
   *
   * @return null, with the reason noted, when the file cannot be loaded
   */
  private NativeLibrary.@Nullable Loaded open(String source, Path file) {
    NativeLibrary.Loaded loaded;
    try {
      loaded = new NativeLibrary.Loaded(file, SharedLibraries.open(file), libtorch.loaded());
    } catch (UnsatisfiedLinkError e) {
      String reason = String.valueOf(e.getMessage());
      fix = Fixes.forReason(reason);
      tried.add(source + ": " + file + ": " + reason);
      return null;
    }
    String refusal = Handshake.refusal(loaded.symbols());
    if (refusal != null) {
      fix = Fixes.MISMATCH;
      throw failed(source + ": " + file + ": " + refusal);
    }
    return loaded;
  }

  private NativeLibraryException failed(String failure) {
    tried.add(failure);
    return failed();
  }

  private NativeLibraryException failed() {
    return new NativeLibraryException(
        "VIKING's native library could not be loaded (" + NativePlatform.id() + ").", tried, fix);
  }
}
