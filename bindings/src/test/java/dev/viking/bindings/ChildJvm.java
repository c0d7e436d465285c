package dev.viking.bindings;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Starts the probe in a JVM of its own, with a clean environment and a class path without a bundled
 * library.
 */
final class ChildJvm {
  private final Path folder;
  private final List<Path> classPath = new ArrayList<>();
  private final List<String> options = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private String nativeAccess = "--enable-native-access=ALL-UNNAMED";

  /** What a child printed, and how it ended. */
  record Outcome(int exit, String output) {}

  /** Home, temporary folder and classes of the child are below the given empty folder. */
  ChildJvm(Path folder) throws Exception {
    this.folder = folder;
    Path classes = folder.resolve("classes");
    // Copies, because the folder of our classes may hold the library as a resource.
    copyClasses(TestClasses.folderOf(NativeLibrary.class), classes);
    copyClasses(TestClasses.folderOf(LoaderProbe.class), classes);
    classPath.add(classes);
    Files.createDirectories(home());
    Files.createDirectories(temporary());
    property("user.home", home());
    property("java.io.tmpdir", temporary());
  }

  Path home() {
    return folder.resolve("home");
  }

  Path temporary() {
    return folder.resolve("tmp");
  }

  ChildJvm property(String name, Object value) {
    options.add("-D" + name + "=" + value);
    return this;
  }

  ChildJvm withoutNativeAccess() {
    nativeAccess = "--illegal-native-access=deny";
    return this;
  }

  /** The child finds libtorch where this JVM does. */
  ChildJvm libtorchAsHere() {
    String property = System.getProperty("viking.libtorch.home");
    if (property != null) {
      property("viking.libtorch.home", property);
    }
    Path folder = NativeLibrary.libtorchFolder();
    if (property == null && folder != null) {
      property("viking.libtorch.home", folder);
    }
    return this;
  }

  ChildJvm variable(String name, Object value) {
    environment.put(name, value.toString());
    return this;
  }

  ChildJvm classPathFirst(Path path) {
    classPath.addFirst(path);
    return this;
  }

  /** Makes the file the child's resource. */
  ChildJvm resource(Path library) throws IOException {
    Path resources = folder.resolve("resources");
    Path target = resources.resolve("META-INF/native/" + NativePlatform.id()).resolve(fileName());
    Files.createDirectories(target.getParent());
    Files.copy(library, target);
    return classPathFirst(resources);
  }

  /** Says what the child's resource was compiled against. */
  ChildJvm shimFor(String libtorch) throws IOException {
    Path target = folder.resolve("resources/META-INF/native/" + NativePlatform.id());
    Files.createDirectories(target);
    Files.writeString(target.resolve(ShimInfo.FILE), "libtorch=" + libtorch + "\n");
    return this;
  }

  static String fileName() {
    return NativePlatform.libraryFile("viking_native");
  }

  Process start(String... steps) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(nativeAccess);
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(options);
    command.add("-cp");
    command.add(String.join(":", classPath.stream().map(Path::toString).toList()));
    command.add(LoaderProbe.class.getName());
    command.addAll(List.of(steps));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.directory(folder.toFile());
    builder
        .environment()
        .keySet()
        .removeIf(
            name ->
                name.equals("VIKING_NATIVE_PATH")
                    || name.equals("LIBTORCH_HOME")
                    || name.equals("LD_LIBRARY_PATH")
                    || name.equals("VIKING_CACHE")
                    || name.equals("VIRTUAL_ENV")
                    || name.equals("CONDA_PREFIX")
                    || name.equals("PYTHONPATH")
                    || name.equals("XDG_CACHE_HOME"));
    builder.environment().putAll(environment);
    return builder.start();
  }

  static Outcome await(Process process) throws IOException, InterruptedException {
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("the child does not end: " + output);
    }
    return new Outcome(process.exitValue(), output);
  }

  Outcome run(String... steps) throws IOException, InterruptedException {
    return await(start(steps));
  }

  private static void copyClasses(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from.resolve("dev/viking/bindings"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        if (!Files.exists(target)) {
          Files.copy(file, target);
        }
      }
    }
  }
}
