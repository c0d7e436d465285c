package dev.viking.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.bindings.ChildJvm.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Loading that must fail, each in a JVM of its own: the message says what was tried and what to do,
 * and the JVM lives.
 */
class LibraryLoadingTest {
  @TempDir Path folder = Path.of("");

  /** A real library that every JDK has, and that is not ours. */
  private static Path foreignLibrary() {
    return Path.of(System.getProperty("java.home"), "lib", NativePlatform.libraryFile("verify"));
  }

  private ChildJvm child() throws Exception {
    return new ChildJvm(folder);
  }

  private static void assertRefused(Outcome outcome, String... messages) {
    assertThat(outcome.output()).contains("REFUSED ").contains("Tried:").contains("Fix: ");
    assertThat(outcome.output()).contains(messages).doesNotContain("LOADED");
    assertThat(outcome.output().strip()).endsWith("ALIVE");
    assertThat(outcome.exit()).isZero();
  }

  @Test
  void nothingIsSetAndNothingIsBundled() throws Exception {
    assertRefused(
        child().run("load", "load"),
        "system property viking.native.path: not set",
        "environment variable VIKING_NATIVE_PATH: not set",
        "system property viking.libtorch.home, environment variable LIBTORCH_HOME: not set",
        "resource META-INF/native/" + NativePlatform.id() + "/" + ChildJvm.fileName(),
        "not on the class path",
        "./build-native.sh",
        "-Dviking.native.path");
  }

  @Test
  void aCallBeforeTheLoaderSaysTheSame() throws Exception {
    Outcome outcome = child().run("call");
    assertThat(outcome.output())
        .contains("LINKAGE java.lang.ExceptionInInitializerError")
        .contains("caused by dev.viking.bindings.NativeLibraryException")
        .contains("system property viking.native.path: not set")
        .contains("./build-native.sh");
    assertThat(outcome.output().strip()).endsWith("ALIVE");
  }

  @Test
  void thePropertyNamesNoFile() throws Exception {
    Path missing = folder.resolve("nowhere/lib.so");
    assertRefused(
        child().property("viking.native.path", missing).resource(foreignLibrary()).run("load"),
        "system property viking.native.path=" + missing + ": " + missing + ": no such file",
        "./build-native.sh");
  }

  @Test
  void theFolderHasNoLibrary() throws Exception {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertRefused(
        child().property("viking.native.path", empty).run("load"),
        "viking.native.path="
            + empty
            + ": "
            + empty.resolve(ChildJvm.fileName())
            + ": no such file");
  }

  @Test
  void theVariableNamesNoFile() throws Exception {
    assertRefused(
        child().variable("VIKING_NATIVE_PATH", "nowhere").run("load"),
        "system property viking.native.path: not set",
        "environment variable VIKING_NATIVE_PATH=nowhere: " + folder.resolve("nowhere"),
        "no such file");
  }

  @Test
  void thePropertyWinsOverTheVariable() throws Exception {
    Outcome outcome =
        child()
            .variable("VIKING_NATIVE_PATH", "from-variable")
            .property("viking.native.path", "from-property")
            .run("load");
    assertRefused(outcome, "viking.native.path=from-property");
    assertThat(outcome.output()).doesNotContain("from-variable");
  }

  @Test
  void theFileIsNotALibrary() throws Exception {
    Path garbage = Files.writeString(folder.resolve("garbage.so"), "no library at all".repeat(100));
    Outcome outcome = child().property("viking.native.path", garbage).run("load", "load");
    assertRefused(
        outcome, "viking.native.path=" + garbage + ": " + garbage + ": ", "./build-native.sh");
    assertThat(outcome.output())
        .containsPattern("invalid ELF header|not a mach-o|slice is not valid");
  }

  /** The dynamic linker itself would end the JVM with SIGBUS for some of these. */
  @Test
  void theFileIsEmptyOrCutOff() throws Exception {
    ChildJvm child = child().property("viking.native.path", folder);
    Path file = Files.createFile(folder.resolve(ChildJvm.fileName()));
    assertRefused(child.run("load"), file + ": ");
    byte[] library = Files.readAllBytes(foreignLibrary());
    for (int length : new int[] {10, 100, 1_000, library.length / 2}) {
      Files.write(file, Arrays.copyOf(library, length));
      assertRefused(child.run("load"), file + ": ");
    }
  }

  @Test
  void theLibraryIsNotOurs() throws Exception {
    assertRefused(
        child().property("viking.native.path", foreignLibrary()).run("load", "load"),
        foreignLibrary() + ": not VIKING's native library",
        "vk_handshake");
  }

  @Test
  void libtorchIsNotWhereItIsSaidToBe() throws Exception {
    Path home = Files.createDirectories(folder.resolve("torch/lib")).getParent();
    Path missing = home.resolve("lib").resolve(NativePlatform.libraryFile("c10"));
    assertRefused(
        child().variable("LIBTORCH_HOME", home).run("load"),
        "environment variable LIBTORCH_HOME=" + home + ": " + missing + ": no such file",
        "-Dviking.libtorch.home");
    Files.writeString(missing, "garbage".repeat(100));
    assertRefused(
        child().property("viking.libtorch.home", home).run("load"),
        "system property viking.libtorch.home=" + home + ": " + missing + ": ",
        "The libtorch named for VIKING could not be loaded");
  }

  /** What is on the class path is looked at, not loaded, when it cannot fit. */
  @Test
  void libtorchOnTheClassPathMustFit() throws Exception {
    Path natives = folder.resolve("natives");
    String id = NativePlatform.bytedecoId();
    write(natives.resolve("org/bytedeco/pytorch/" + id + "/libc10.so"), "c10");
    write(natives.resolve("org/bytedeco/pytorch/" + id + "/libtorch_cpu.so"), "torch");
    write(
        natives.resolve("META-INF/maven/org.bytedeco/pytorch/pom.properties"),
        "version=1.9.0-1.5.6");
    ChildJvm child = child().resource(foreignLibrary()).shimFor("2.13.0").classPathFirst(natives);
    assertRefused(
        child.run("load"),
        "org.bytedeco:pytorch for " + id + ": passed over",
        "org.bytedeco:openblas");
    write(natives.resolve("org/bytedeco/openblas/" + id + "/libopenblas.so.0"), "blas");
    assertRefused(
        child.run("load"),
        "org.bytedeco:pytorch 1.9.0 on the class path: passed over, because 2.13.x is needed");
    assertThat(extracted(child.home())).noneMatch(file -> file.endsWith("libc10.so"));
    write(
        natives.resolve("META-INF/maven/org.bytedeco/pytorch/pom.properties"),
        "version=2.13.4-1.5.20");
    // It fits by its version, is extracted, and turns out to be no library.
    assertRefused(
        child.run("load"), "org.bytedeco:pytorch 2.13.4 on the class path: ", "libopenblas.so.0");
    assertThat(extracted(child.home())).anyMatch(file -> file.endsWith("libc10.so"));
  }

  @Test
  void thePythonOfTheEnvironmentMustFit() throws Exception {
    Path torch = folder.resolve("venv/lib/python3.11/site-packages/torch");
    write(torch.resolve("lib/libc10.so"), "c10");
    write(torch.resolve("lib/libtorch_cpu.so"), "torch");
    write(torch.resolve("version.py"), "__version__ = '2.4.1+cpu'\n");
    ChildJvm child =
        child()
            .resource(foreignLibrary())
            .shimFor("2.13.0")
            .variable("VIRTUAL_ENV", folder.resolve("venv"));
    assertRefused(
        child.run("load"),
        "Python's torch: "
            + torch.resolve("lib")
            + " (libtorch 2.4.1+cpu): passed over, because 2.13.x is needed");
    write(torch.resolve("version.py"), "__version__ = '2.13.1+cpu'\n");
    assertRefused(
        child.run("load"),
        "Python's torch: " + torch.resolve("lib/libc10.so") + ": ",
        "org.bytedeco:pytorch for " + NativePlatform.bytedecoId() + ": not on the class path");
  }

  @Test
  void aSecondChoiceOfFolderIsToldOf() throws Exception {
    ChildJvm child = child();
    Path notAFolder = Files.createFile(folder.resolve("file"));
    Outcome outcome =
        child
            .resource(NativeLibrary.path())
            .libtorchAsHere()
            .property("viking.cache", notAFolder)
            .run("load");
    assertThat(outcome.output())
        .contains("WARNING: VIKING's native libraries were extracted to " + child.home())
        .contains("cannot be extracted to " + notAFolder.resolve("native"))
        .contains("-Dviking.cache")
        .contains("LOADED " + child.home());
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void nativeAccessIsDenied() throws Exception {
    assertRefused(
        child().property("viking.native.path", foreignLibrary()).withoutNativeAccess().run("load"),
        "viking.native.path=" + foreignLibrary(),
        "--enable-native-access=ALL-UNNAMED");
  }

  @Test
  void anUnusableHomeFallsBackToTheTemporaryFolder() throws Exception {
    ChildJvm child = child();
    Path notAFolder = Files.createFile(folder.resolve("file"));
    child.property("user.home", notAFolder).resource(foreignLibrary());
    Outcome outcome = child.run("load");
    // The library is not ours and refused for that, but it was extracted and loaded from the second
    // folder.
    assertRefused(
        outcome,
        "cannot be extracted to " + notAFolder.resolve(".cache/viking/native"),
        child.temporary().toString(),
        "not VIKING's native library");
    assertThat(extracted(child.temporary())).hasSize(1);
  }

  @Test
  void noFolderCanBeWritten() throws Exception {
    ChildJvm child = child();
    Path notAFolder = Files.createFile(folder.resolve("file"));
    child.property("user.home", notAFolder).property("java.io.tmpdir", notAFolder);
    assertRefused(
        child.resource(foreignLibrary()).run("load"),
        "cannot be extracted to " + notAFolder.resolve(".cache/viking/native"),
        "cannot be extracted to " + notAFolder.resolve("viking-native-"),
        "-Dviking.native.path");
  }

  @Test
  void jvmsThatExtractAtOnceShareOneFile() throws Exception {
    ChildJvm child = child().resource(foreignLibrary());
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      processes.add(child.start("load"));
    }
    for (Process process : processes) {
      assertRefused(ChildJvm.await(process), "not VIKING's native library");
    }
    List<Path> files = extracted(child.home());
    assertThat(files).hasSize(1);
    assertThat(files.getFirst()).hasBinaryContent(Files.readAllBytes(foreignLibrary()));
    assertThat(extracted(child.temporary())).isEmpty();
  }

  @Test
  void jvmsThatStartAtOnceAllLoadOneShim() throws Exception {
    ChildJvm child = child().resource(NativeLibrary.path()).libtorchAsHere();
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(child.start("load", "call"));
    }
    for (Process process : processes) {
      Outcome outcome = ChildJvm.await(process);
      assertThat(outcome.output()).contains("LOADED " + child.home()).contains("ABI ");
      assertThat(outcome.output()).doesNotContain("WARNING");
    }
    List<Path> files = extracted(child.home());
    assertThat(files).hasSize(1);
    assertThat(files.getFirst()).hasBinaryContent(Files.readAllBytes(NativeLibrary.path()));
    assertThat(extracted(child.temporary())).isEmpty();
  }

  /** They fit by their version, are extracted, and turn out to be no libraries. */
  private Path fittingNatives(int repetitions) throws IOException {
    Path natives = folder.resolve("natives");
    String id = NativePlatform.bytedecoId();
    write(
        natives.resolve("META-INF/maven/org.bytedeco/pytorch/pom.properties"),
        "version=2.13.4-1.5.20");
    write(
        natives.resolve("org/bytedeco/openblas/" + id + "/libopenblas.so.0"),
        "blas".repeat(repetitions));
    write(natives.resolve("org/bytedeco/pytorch/" + id + "/libc10.so"), "c10".repeat(repetitions));
    write(
        natives.resolve("org/bytedeco/pytorch/" + id + "/libtorch_cpu.so"),
        "torch".repeat(repetitions));
    return natives;
  }

  @Test
  void jvmsThatExtractLibtorchAtOnceShareOneFolder() throws Exception {
    Path natives = fittingNatives(2_000_000);
    ChildJvm child = child().resource(foreignLibrary()).shimFor("2.13.0").classPathFirst(natives);
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(child.start("load"));
    }
    for (Process process : processes) {
      assertRefused(ChildJvm.await(process), "org.bytedeco:pytorch 2.13.4 on the class path: ");
    }
    List<Path> files =
        extracted(child.home()).stream()
            .filter(file -> !file.toString().endsWith(".lock"))
            .filter(file -> !file.getFileName().toString().startsWith("libviking"))
            .toList();
    assertThat(files.stream().map(file -> file.getFileName().toString()))
        .containsExactlyInAnyOrder("libopenblas.so.0", "libc10.so", "libtorch_cpu.so");
    assertThat(files.stream().map(Path::getParent).distinct()).hasSize(1);
    for (Path file : files) {
      try (Stream<Path> originals = Files.walk(natives)) {
        Path original =
            originals.filter(o -> o.endsWith(file.getFileName())).findFirst().orElseThrow();
        assertThat(Files.mismatch(file, original)).isEqualTo(-1);
      }
    }
  }

  /** Root may write anywhere, but not make folders in this file system. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aReadOnlyHomeFallsBackWithAMessage() throws Exception {
    ChildJvm child = child();
    child.property("user.home", "/sys").resource(NativeLibrary.path()).libtorchAsHere();
    Outcome outcome = child.run("load", "call");
    assertThat(outcome.output())
        .contains("WARNING: VIKING's native libraries were extracted to " + child.temporary())
        .contains("cannot be extracted to /sys/.cache/viking/native")
        .contains("-Dviking.cache")
        .contains("LOADED " + child.temporary())
        .contains("ABI ");
  }

  @Test
  void libtorchIsSearchedInOrder() throws Exception {
    Path torch = folder.resolve("venv/lib/python3.11/site-packages/torch");
    write(torch.resolve("lib/libc10.so"), "c10");
    write(torch.resolve("lib/libtorch_cpu.so"), "torch");
    write(torch.resolve("version.py"), "__version__ = '2.13.1+cpu'\n");
    ChildJvm child =
        child()
            .resource(foreignLibrary())
            .shimFor("2.13.0")
            .classPathFirst(fittingNatives(1))
            .variable("VIRTUAL_ENV", folder.resolve("venv"));
    // The class path before a Python.
    assertThat(child.run("load").output())
        .containsSubsequence(
            "viking.libtorch.home, environment variable LIBTORCH_HOME: not set",
            "org.bytedeco:pytorch 2.13.4 on the class path: ",
            "Python's torch: " + torch.resolve("lib"));
    // What is named alone, even if it is of no use.
    Path named = Files.createDirectory(folder.resolve("named"));
    Outcome outcome = child.variable("LIBTORCH_HOME", named).run("load");
    assertRefused(outcome, "environment variable LIBTORCH_HOME=" + named);
    assertThat(outcome.output())
        .doesNotContain("on the class path: ")
        .doesNotContain("Python's torch");
    // The property before the variable.
    Path property = Files.createDirectory(folder.resolve("property"));
    outcome = child.property("viking.libtorch.home", property).run("load");
    assertRefused(outcome, "system property viking.libtorch.home=" + property);
    assertThat(outcome.output()).doesNotContain(named.toString());
  }

  private static List<Path> extracted(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.toString().contains("hsperfdata"))
          .toList();
    }
  }
}
