package dev.viking.bindings;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The torch packages of the Pythons on this machine, found where Python installations keep their
 * packages: no Python is started, which would take longer than everything else at the start.
 */
final class PythonTorch {
  private static final List<String> PACKAGES = List.of("site-packages", "dist-packages");

  private PythonTorch() {}

  /**
   * Looks for them.
   *
   * @param tried receives an entry when there is none
   * @return those that are complete, best first
   */
  static List<LibtorchFolder> folders(List<String> tried) {
    Set<Path> prefixes = prefixes(System.getenv());
    List<LibtorchFolder> found = new ArrayList<>();
    for (Path torch : packages(prefixes, System.getenv())) {
      LibtorchFolder folder = LibtorchFolder.ofHome("Python's torch", torch);
      if (folder.complete()) {
        found.add(folder);
      }
    }
    if (found.isEmpty()) {
      tried.add("Python's torch: none below " + prefixes);
    }
    return found;
  }

  /** The active environment first, then the Pythons on the path. */
  static Set<Path> prefixes(Map<String, String> environment) {
    Set<Path> prefixes = new LinkedHashSet<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      addIfFolder(prefixes, environment.getOrDefault(variable, ""));
    }
    for (String part : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path folder = path(part);
      if (folder == null) {
        continue;
      }
      for (String name : List.of("python3", "python", "python3.exe", "python.exe")) {
        addPrefixesOf(prefixes, folder.resolve(name));
      }
    }
    return prefixes;
  }

  /** As it is called (a virtual environment), and where the link leads (its base). */
  private static void addPrefixesOf(Set<Path> prefixes, Path python) {
    if (!Files.isRegularFile(python)) {
      return;
    }
    Path bin = python.getParent();
    Path prefix = bin == null ? null : bin.getParent();
    if (bin == null || prefix == null) {
      return;
    }
    if (bin.endsWith("shims")) {
      // A version manager's front: the file beside it says which version is meant.
      for (String version : chosenVersions(prefix)) {
        addIfFolder(prefixes, prefix.resolve("versions").resolve(version).toString());
      }
      return;
    }
    prefixes.add(prefix);
    try {
      Path real = python.toRealPath().getParent();
      if (real != null && real.getParent() != null) {
        prefixes.add(real.getParent());
      }
    } catch (IOException e) {
      // A link to nowhere: there is no base.
      return;
    }
  }

  private static List<String> chosenVersions(Path root) {
    try {
      return Files.readAllLines(root.resolve("version")).stream()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** The folders named torch below the prefixes, on PYTHONPATH, and of the user. */
  private static Set<Path> packages(Collection<Path> prefixes, Map<String, String> environment) {
    Set<Path> found = new LinkedHashSet<>();
    for (String part : environment.getOrDefault("PYTHONPATH", "").split(File.pathSeparator, -1)) {
      addTorch(found, path(part));
    }
    List<Path> roots = new ArrayList<>(prefixes);
    Path home = path(System.getProperty("user.home", ""));
    if (home != null) {
      roots.add(home.resolve(".local"));
    }
    for (Path root : roots) {
      for (String lib : List.of("lib", "lib64", "local/lib")) {
        for (Path version : pythons(root.resolve(lib))) {
          PACKAGES.forEach(name -> addTorch(found, version.resolve(name)));
        }
      }
      addTorch(found, root.resolve("Lib").resolve("site-packages"));
    }
    return found;
  }

  private static List<Path> pythons(Path lib) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> versions = Files.newDirectoryStream(lib, "python3*")) {
      versions.forEach(found::add);
    } catch (IOException e) {
      // Not there, or not for us to read: then there is nothing in it for us.
      return found;
    }
    return found;
  }

  private static void addTorch(Set<Path> found, @Nullable Path packages) {
    if (packages != null && Files.isDirectory(packages.resolve("torch").resolve("lib"))) {
      found.add(packages.resolve("torch"));
    }
  }

  private static void addIfFolder(Set<Path> folders, String name) {
    Path folder = path(name);
    if (folder != null && Files.isDirectory(folder)) {
      folders.add(folder);
    }
  }

  private static @Nullable Path path(String text) {
    try {
      Path path = Path.of(text);
      return text.isEmpty() || !path.isAbsolute() ? null : path;
    } catch (InvalidPathException e) {
      return null;
    }
  }
}
