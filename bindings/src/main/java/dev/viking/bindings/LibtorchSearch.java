package dev.viking.bindings;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds a libtorch and loads it before the shim is loaded.
 *
 * <p>The first of these: the folder that the user names, which is then the only one; the natives of
 * {@code org.bytedeco:pytorch} on the class path; the torch of a Python; the copy that VIKING's own
 * build provisioned. The last three are passed over when they do not fit the shim. When there is
 * none, the shim is left to the dynamic linker.
 */
final class LibtorchSearch {
  static final String PROPERTY = "viking.libtorch.home";
  static final String VARIABLE = "LIBTORCH_HOME";

  private final List<String> tried;
  private @Nullable LibtorchFolder loaded;

  /**
   * A search.
   *
   * @param tried receives an entry for each place
   */
  LibtorchSearch(List<String> tried) {
    this.tried = tried;
  }

  /** The folder that libtorch was loaded from, or null when it was not loaded by this search. */
  @Nullable LibtorchFolder loaded() {
    return loaded;
  }

  /**
   * Loads libtorch from the folder that the user names, if any.
   *
   * @throws NativeLibraryException if a folder is named but has no libtorch, or one that cannot be
   *     loaded
   */
  void loadNamed() {
    String source = "system property " + PROPERTY;
    String home = System.getProperty(PROPERTY);
    if (home == null || home.isEmpty()) {
      source = "environment variable " + VARIABLE;
      home = System.getenv(VARIABLE);
    }
    if (home == null || home.isEmpty()) {
      tried.add("system property " + PROPERTY + ", environment variable " + VARIABLE + ": not set");
      return;
    }
    String given = source + "=" + home;
    LibtorchFolder folder;
    try {
      folder = LibtorchFolder.ofHome(given, Path.of(home).toAbsolutePath().normalize());
    } catch (InvalidPathException e) {
      throw failed("named", given + ": not a path (" + e.getReason() + ")", Fixes.NO_LIBTORCH);
    }
    LibtorchLoader.Failure failure = LibtorchLoader.load(folder);
    if (failure != null) {
      String fix =
          failure.reason().equals("no such file")
              ? Fixes.NO_LIBTORCH
              : Fixes.forReason(failure.reason());
      throw failed("named", given + ": " + failure, fix);
    }
    loaded(folder);
  }

  /**
   * Looks for a libtorch that the user has not named, and loads it; does nothing when one is loaded
   * already.
   *
   * @param shim what it must fit, or null when that is not known
   * @throws NativeLibraryException if one was loaded in part, so that no other can be
   */
  void discover(@Nullable ShimInfo shim) {
    if (loaded == null && !fromBytedeco(shim)) {
      for (LibtorchFolder folder : PythonTorch.folders(tried)) {
        if (accept(folder, shim)) {
          return;
        }
      }
      for (LibtorchFolder folder : ProvisionedLibtorch.folders(tried)) {
        if (accept(folder, shim)) {
          return;
        }
      }
    }
  }

  /** From jars; where a folder to extract to does not work, perhaps the next one does. */
  private boolean fromBytedeco(@Nullable ShimInfo shim) {
    BytedecoNatives natives = BytedecoNatives.find(tried);
    if (natives == null) {
      return false;
    }
    if (shim != null && !shim.fits(natives.version())) {
      tried.add(natives.source() + ": passed over, because " + shim.needed());
      return false;
    }
    for (ExtractionFolders.Place place : ExtractionFolders.places()) {
      LibtorchFolder folder = natives.extract(place, tried);
      if (folder != null && accept(folder, shim)) {
        place.tellIfSecondChoice(tried);
        return true;
      }
    }
    return false;
  }

  private boolean accept(LibtorchFolder folder, @Nullable ShimInfo shim) {
    String version = folder.version();
    if (shim != null && version != null && !shim.fits(version)) {
      tried.add(folder + ": passed over, because " + shim.needed());
      return false;
    }
    if (shim != null && shim.cuda() && !Files.exists(folder.file("torch_cuda"))) {
      tried.add(folder + ": passed over, because a CUDA build is needed");
      return false;
    }
    LibtorchLoader.Failure failure = LibtorchLoader.load(folder);
    if (failure == null) {
      loaded(folder);
      return true;
    }
    String entry = folder.source() + ": " + failure;
    if (failure.halfLoaded()) {
      // Another libtorch would now be mixed with what is loaded of this one.
      throw failed("found", entry, Fixes.forReason(failure.reason()));
    }
    tried.add(entry);
    return false;
  }

  private void loaded(LibtorchFolder folder) {
    loaded = folder;
    tried.add(folder.source() + ": libtorch was loaded from " + folder.lib());
  }

  private NativeLibraryException failed(String how, String failure, String fix) {
    tried.add(failure);
    return new NativeLibraryException(
        "The libtorch " + how + " for VIKING could not be loaded (" + NativePlatform.id() + ").",
        tried,
        fix);
  }
}
