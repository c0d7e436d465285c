package dev.viking.bindings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder that may hold libtorch's shared libraries.
 *
 * @param source how it was found, for messages
 * @param lib the folder with the libraries
 * @param version libtorch's version, or null where the folder does not tell
 */
record LibtorchFolder(String source, Path lib, @Nullable String version) {
  private static final Pattern PYTHON =
      Pattern.compile("^__version__\\s*=\\s*['\"]([^'\"]+)['\"]", Pattern.MULTILINE);
  private static final Pattern HEADER =
      Pattern.compile("define\\s+TORCH_VERSION_(?:MAJOR|MINOR|PATCH)\\s+(\\d+)");

  /** A home of libtorch: the folder that has {@code lib}, or {@code lib} itself. */
  static LibtorchFolder ofHome(String source, Path home) {
    Path lib = Files.isDirectory(home.resolve("lib")) ? home.resolve("lib") : home;
    Path root = lib.equals(home) ? home.resolveSibling(".").normalize() : home;
    return new LibtorchFolder(source, lib, version(root));
  }

  /** The file of a library, whether it is there or not. */
  Path file(String name) {
    return lib.resolve(NativePlatform.libraryFile(name));
  }

  /** Whether the two libraries that everything needs are there. */
  boolean complete() {
    return Files.isRegularFile(file("c10")) && Files.isRegularFile(file("torch_cpu"));
  }

  @Override
  public String toString() {
    return source + ": " + lib + (version == null ? "" : " (libtorch " + version + ")");
  }

  /** A wheel says its version in Python, the zip in a file of its own, both in a header. */
  private static @Nullable String version(Path root) {
    Optional<String> python = match(root.resolve("version.py"), PYTHON, 1);
    if (python.isPresent()) {
      return python.get();
    }
    Optional<String> zip = match(root.resolve("build-version"), Pattern.compile("^(\\S+)"), 1);
    return zip.or(
            () ->
                match(root.resolve("include/torch/headeronly/version.h"), HEADER, 3)
                    .or(
                        () ->
                            match(
                                root.resolve("include/torch/csrc/api/include/torch/version.h"),
                                HEADER,
                                3)))
        .orElse(null);
  }

  /** The first groups of the first matches, joined by dots. */
  private static Optional<String> match(Path file, Pattern pattern, int count) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      Matcher matcher = pattern.matcher(Files.readString(file, StandardCharsets.UTF_8));
      try (Stream<String> found = matcher.results().limit(count).map(result -> result.group(1))) {
        return Optional.of(String.join(".", found.toList())).filter(text -> !text.isEmpty());
      }
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
