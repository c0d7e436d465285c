package dev.viking.bindings;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * Loads libtorch from a folder of the user's choice before the shim is loaded.
 *
 * <p>The dynamic linker identifies libraries by their name: once these are loaded, the shim's own
 * search path for them is not used. The CUDA libraries are loaded although nothing refers to their
 * symbols, because they register their kernels when loaded.
 */
final class LibtorchPreloader {
  private static final String PROPERTY = "viking.libtorch.home";
  private static final String VARIABLE = "LIBTORCH_HOME";

  /** In the order of their dependencies. */
  private static final List<String> REQUIRED = List.of("c10", "torch_cpu");

  private static final List<String> OPTIONAL = List.of("c10_cuda", "torch_cuda", "torch");

  private LibtorchPreloader() {}

  /**
   * Loads libtorch if a folder is given for it; does nothing otherwise.
   *
   * @param failures receives an entry that says where libtorch comes from
   * @throws NativeLibraryException if a folder is given but has no libtorch, or one that cannot be
   *     loaded
   */
  static void preload(List<String> failures) {
    String source = "system property " + PROPERTY;
    String home = System.getProperty(PROPERTY);
    if (home == null || home.isEmpty()) {
      source = "environment variable " + VARIABLE;
      home = System.getenv(VARIABLE);
    }
    if (home == null || home.isEmpty()) {
      failures.add(
          "system property "
              + PROPERTY
              + ", environment variable "
              + VARIABLE
              + ": not set, so libtorch is looked for where it was when the library was built");
      return;
    }
    String given = source + "=" + home;
    Path folder;
    try {
      folder = Path.of(home).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw failed(failures, given + ": not a path (" + e.getReason() + ")", Fixes.NO_LIBTORCH);
    }
    if (Files.isDirectory(folder.resolve("lib"))) {
      folder = folder.resolve("lib");
    }
    for (String name : REQUIRED) {
      Path file = folder.resolve(NativePlatform.libraryFile(name));
      if (!Files.exists(file)) {
        throw failed(failures, given + ": " + file + ": no such file", Fixes.NO_LIBTORCH);
      }
      load(failures, given, file);
    }
    for (String name : OPTIONAL) {
      Path file = folder.resolve(NativePlatform.libraryFile(name));
      if (Files.exists(file)) {
        load(failures, given, file);
      }
    }
    failures.add(given + ": libtorch was loaded from " + folder);
  }

  private static void load(List<String> failures, String given, Path file) {
    try {
      SharedLibraries.open(file);
    } catch (UnsatisfiedLinkError e) {
      String reason = String.valueOf(e.getMessage());
      throw failed(failures, given + ": " + file + ": " + reason, Fixes.forReason(reason));
    }
  }

  private static NativeLibraryException failed(List<String> failures, String failure, String fix) {
    failures.add(failure);
    return new NativeLibraryException(
        "The libtorch named for VIKING could not be loaded (" + NativePlatform.id() + ").",
        failures,
        fix);
  }
}
