package dev.viking.bindings;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loads the libraries of one libtorch folder.
 *
 * <p>The dynamic linker identifies libraries by their name: once these are loaded, the shim's own
 * search path for them is not used. The CUDA libraries are loaded although nothing refers to their
 * symbols, because they register their kernels when loaded.
 */
final class LibtorchLoader {
  /** In the order of their dependencies; the true ones must be there. */
  private record Part(String name, boolean required) {}

  private static final List<Part> PARTS =
      List.of(
          new Part("c10", true),
          new Part("torch_cpu", true),
          new Part("c10_cuda", false),
          new Part("torch_cuda", false),
          new Part("torch", false));

  /**
   * What libtorch's libraries need, where a folder has them. They are loaded first, because not all
   * of them look for each other where they lie.
   */
  private static final List<String> COMPANIONS =
      List.of("libquadmath.so.0", "libgfortran.so.5", "libopenblas.so.0", "libgomp.so.1");

  private LibtorchLoader() {}

  /** Why a folder's libraries could not be loaded, and whether some of them are loaded now. */
  record Failure(Path file, String reason, boolean halfLoaded) {
    @Override
    public String toString() {
      return file + ": " + reason;
    }
  }

  /**
   * Loads the libraries for the life of the JVM.
   *
   * @param folder where they lie
   * @return null when they are loaded
   */
  static @Nullable Failure load(LibtorchFolder folder) {
    if (folder.complete()) {
      // Only the folder that will be used: a companion alone is a library of the system.
      for (String name : COMPANIONS) {
        Path file = folder.lib().resolve(name);
        if (Files.exists(file)) {
          try {
            SharedLibraries.open(file);
          } catch (UnsatisfiedLinkError e) {
            return new Failure(file, String.valueOf(e.getMessage()), false);
          }
        }
      }
    }
    boolean any = false;
    for (Part part : PARTS) {
      Path file = folder.file(part.name());
      if (!Files.exists(file)) {
        if (part.required()) {
          return new Failure(file, "no such file", any);
        }
        continue;
      }
      try {
        SharedLibraries.open(file);
        any = true;
      } catch (UnsatisfiedLinkError e) {
        return new Failure(file, String.valueOf(e.getMessage()), any);
      }
    }
    return null;
  }
}
