package dev.viking.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.bindings.ChildJvm.Outcome;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real library, found as users find it, in this JVM and in others. */
class LoadedLibraryTest {
  @TempDir Path folder = Path.of("");

  private static Path library() {
    return NativeLibrary.path();
  }

  private ChildJvm child() throws Exception {
    return new ChildJvm(folder).libtorchAsHere();
  }

  private static void assertLoaded(Outcome outcome, Path file) {
    assertThat(outcome.output()).contains("LOADED " + file).endsWith("ALIVE\n");
    assertThat(outcome.exit()).isZero();
  }

  @Test
  void loadingAgainIsNothing() {
    NativeLibrary.ensureLoaded();
    Path first = NativeLibrary.path();
    NativeLibrary.ensureLoaded();
    assertThat(NativeLibrary.path()).isSameAs(first).isAbsolute().isRegularFile();
    assertThat(viking_native_h.vk_abi_version()).isEqualTo(viking_native_h.VK_ABI_VERSION());
  }

  @Test
  void everyFunctionOfTheHeaderIsExported() throws Exception {
    String header = Files.readString(GeneratedAbi.repositoryFile("native/include/viking_native.h"));
    assertThat(HeaderParser.parse(header).prototypes().keySet())
        .isNotEmpty()
        .allSatisfy(name -> assertThat(NativeLibrary.find(name)).as(name).isPresent());
    assertThat(NativeLibrary.find("vk_no_such_function")).isEmpty();
  }

  @Test
  void theBuildDescribesItself() {
    NativeLibrary.ensureLoaded();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(4096);
      MemorySegment needed = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment error = arena.allocate(512);
      int status =
          viking_native_h.vk_build_info(text, text.byteSize(), needed, error, error.byteSize());
      assertThat(status).as(error.getString(0)).isEqualTo(viking_native_h.VK_OK());
      Map<String, String> info =
          text.getString(0)
              .lines()
              .map(line -> line.split("=", 2))
              .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
      assertThat(info)
          .containsKeys("compiled_torch", "runtime_torch", "compiler")
          .containsEntry("abi", Integer.toString(viking_native_h.VK_ABI_VERSION()));
      assertThat(info.get("cuda")).isIn("yes", "no");
      assertThat(info.get("runtime_torch")).matches("\\d+\\.\\d+\\..*");
      assertThat(needed.get(ValueLayout.JAVA_LONG, 0))
          .isBetween((long) text.getString(0).length(), text.getString(0).length() + 1L);
    }
  }

  @Test
  void anotherAbiIsRefusedWithBothSidesNamed() {
    NativeLibrary.ensureLoaded();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = arena.allocate(512);
      int status = viking_native_h.vk_handshake(4711, error, error.byteSize());
      assertThat(status).isEqualTo(viking_native_h.VK_ERR_ARGUMENT());
      assertThat(error.getString(0))
          .contains("4711")
          .contains(Integer.toString(viking_native_h.VK_ABI_VERSION()));
    }
  }

  @Test
  void classesOfAnotherAbiRefuseTheLibrary() throws Exception {
    Path source =
        GeneratedAbi.repositoryFile(
            "bindings/src/generated/java/dev/viking/bindings/viking_native_h.java");
    String text = Files.readString(source);
    String other =
        text.replaceFirst("VK_ABI_VERSION = \\(int\\)\\dL;", "VK_ABI_VERSION = (int)4711L;");
    assertThat(other).isNotEqualTo(text);
    Path classes = folder.resolve("other-abi");
    TestClasses.compile(other, "viking_native_h", classes);
    Outcome outcome =
        child()
            .property("viking.native.path", library())
            .classPathFirst(classes)
            .run("load", "load");
    assertThat(outcome.output())
        .contains("REFUSED ")
        .contains(library() + ": refused with status 1: ")
        .contains("4711")
        .contains("Fix: use the native library, the jars and the libtorch of one VIKING version")
        .endsWith("ALIVE\n");
  }

  @Test
  void allWaysToNameTheLibraryWork() throws Exception {
    Path named = Files.createDirectory(folder.resolve("named")).resolve(ChildJvm.fileName());
    Files.copy(library(), named);
    assertLoaded(child().property("viking.native.path", named).run("load"), named);
    assertLoaded(child().property("viking.native.path", named.getParent()).run("load"), named);
    assertLoaded(child().variable("VIKING_NATIVE_PATH", named).run("load"), named);
    assertLoaded(child().variable("VIKING_NATIVE_PATH", "named").run("load"), named);
  }

  @Test
  void aCallBeforeTheLoaderLoadsTheLibrary() throws Exception {
    Outcome outcome = child().property("viking.native.path", library()).run("call", "load");
    assertThat(outcome.output()).contains("ABI " + viking_native_h.VK_ABI_VERSION() + "\n");
    assertLoaded(outcome, library());
  }

  @Test
  void theResourceIsExtractedOnceByManyJvms() throws Exception {
    ChildJvm child = child().resource(library());
    Path cache = child.home().resolve(".cache/viking/native");
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      processes.add(child.start("load", "call"));
    }
    for (Process process : processes) {
      assertLoaded(ChildJvm.await(process), cache);
    }
    try (Stream<Path> files = Files.list(cache)) {
      assertThat(files)
          .singleElement()
          .satisfies(file -> assertThat(file).hasSameBinaryContentAs(library()));
    }
  }

  @Test
  void theResourceIsExtractedToTheTemporaryFolderWhenTheHomeIsUnusable() throws Exception {
    ChildJvm child = child().resource(library());
    child.property("user.home", Files.createFile(folder.resolve("file")));
    assertLoaded(child.run("load"), child.temporary());
  }

  /** A copy that does not remember where libtorch is works only with the folder named. */
  @Test
  void libtorchIsTakenFromTheFolderNamed() throws Exception {
    Path lost = folder.resolve(ChildJvm.fileName());
    Files.write(lost, withoutSearchPath(Files.readAllBytes(library())));
    ChildJvm child = new ChildJvm(folder).property("viking.native.path", lost);
    assertThat(child.run("load", "load").output())
        .contains("REFUSED ")
        .contains(lost + ": libtorch_cpu.so: cannot open shared object file")
        .contains("Fix: name the folder of libtorch")
        .endsWith("ALIVE\n");

    Path libtorch = folderOfLibtorch();
    assertLoaded(child.variable("LIBTORCH_HOME", libtorch).run("load", "call"), lost);
    // As it is laid out in the zip and the wheel, libtorch's folder has it in lib.
    Path home = Files.createDirectory(folder.resolve("libtorch"));
    Files.createSymbolicLink(home.resolve("lib"), libtorch);
    child.variable("LIBTORCH_HOME", "/nowhere").property("viking.libtorch.home", home);
    assertLoaded(child.run("load", "call"), lost);
    Files.delete(home.resolve("lib"));
  }

  private static Path folderOfLibtorch() throws IOException {
    NativeLibrary.ensureLoaded();
    try (Stream<String> mappings = Files.lines(Path.of("/proc/self/maps"))) {
      String mapping =
          mappings.filter(line -> line.endsWith("/libtorch_cpu.so")).findFirst().orElseThrow();
      return Path.of(mapping.substring(mapping.indexOf('/'))).getParent();
    }
  }

  /** Makes the dynamic linker pass over the entries DT_RPATH and DT_RUNPATH of an ELF file. */
  private static byte[] withoutSearchPath(byte[] library) {
    ByteBuffer elf = ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < elf.getShort(56); i++) {
      int segment = (int) elf.getLong(32) + i * 56;
      if (elf.getInt(segment) == 2) { // PT_DYNAMIC
        int start = (int) elf.getLong(segment + 8);
        int end = start + (int) elf.getLong(segment + 32);
        for (int entry = start; entry < end; entry += 16) {
          if (elf.getLong(entry) == 15 || elf.getLong(entry) == 29) {
            elf.putLong(entry, 21); // DT_DEBUG, which means nothing in a library
          }
        }
      }
    }
    return library;
  }

  @Test
  void twoClassLoadersOfOneJvmBothLoadIt() throws Exception {
    String library = library().toString();
    String before = System.getProperty("viking.native.path");
    URL[] path = {TestClasses.folderOf(NativeLibrary.class).toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(path, ClassLoader.getPlatformClassLoader())) {
      System.setProperty("viking.native.path", library);
      Class<?> other = loader.loadClass(NativeLibrary.class.getName());
      assertThat(other).isNotSameAs(NativeLibrary.class);
      assertThat(other.getMethod("path").invoke(null)).hasToString(library);
    } finally {
      if (before == null) {
        System.clearProperty("viking.native.path");
      } else {
        System.setProperty("viking.native.path", before);
      }
    }
  }

  private static MemorySegment scalar(Arena arena, double value) {
    MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, value);
    MemorySegment handle = arena.allocate(ValueLayout.ADDRESS);
    MemorySegment error = arena.allocate(512);
    int status =
        viking_native_h.vk_tensor_from_data(
            data,
            Double.BYTES,
            viking_native_h.VK_FLOAT64(),
            MemorySegment.NULL,
            0,
            viking_native_h.VK_CPU(),
            -1,
            handle,
            error,
            error.byteSize());
    assertThat(status).as(error.getString(0)).isEqualTo(viking_native_h.VK_OK());
    return handle;
  }

  private static double read(Arena arena, MemorySegment handle) {
    MemorySegment data = arena.allocate(ValueLayout.JAVA_DOUBLE);
    MemorySegment error = arena.allocate(512);
    MemorySegment tensor = handle.get(ValueLayout.ADDRESS, 0);
    int status =
        viking_native_h.vk_tensor_read(tensor, data, Double.BYTES, error, error.byteSize());
    assertThat(status).as(error.getString(0)).isEqualTo(viking_native_h.VK_OK());
    return data.get(ValueLayout.JAVA_DOUBLE, 0);
  }

  private static long liveHandles(Arena arena) {
    MemorySegment counts = vk_live_counts.allocate(arena);
    viking_native_h.vk_live(viking_native_h.VK_CPU(), -1, counts);
    return vk_live_counts.handles(counts);
  }

  /** The identity, and a function that throws, under a real transform. */
  @Test
  void nativeCodeCallsJavaFunctions() {
    NativeLibrary.ensureLoaded();
    try (Arena arena = Arena.ofConfined()) {
      long before = liveHandles(arena);
      MemorySegment x = scalar(arena, 3);
      MemorySegment v = scalar(arena, 5);
      MemorySegment output = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment tangent = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment error = arena.allocate(512);
      long identity =
          FunctionRegistry.register(
              (inputs, numInputs, outputs, numOutputs) -> {
                MemorySegment input = inputs.get(ValueLayout.ADDRESS, 0);
                numOutputs.set(ValueLayout.JAVA_LONG, 0, 1);
                return viking_native_h.vk_tensor_retain(input, outputs, MemorySegment.NULL, 0);
              });
      int status = jvp(identity, x, v, output, tangent, count, error);
      assertThat(FunctionRegistry.unregister(identity)).isNull();
      assertThat(status).as(error.getString(0)).isEqualTo(viking_native_h.VK_OK());
      assertThat(count.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(1);
      assertThat(read(arena, output)).isEqualTo(3);
      assertThat(read(arena, tangent)).isEqualTo(5);

      Exception thrown = new Exception("inside the function");
      long throwing =
          FunctionRegistry.register(
              (inputs, numInputs, outputs, numOutputs) -> {
                throw thrown;
              });
      status = jvp(throwing, x, v, output, tangent, count, error);
      assertThat(status).isEqualTo(viking_native_h.VK_ERR_CALLBACK());
      assertThat(FunctionRegistry.unregister(throwing)).isSameAs(thrown);

      for (MemorySegment handle : List.of(x, v, output, tangent)) {
        viking_native_h.vk_tensor_release(handle, 1);
      }
      assertThat(liveHandles(arena)).isEqualTo(before);
    }
  }

  private static int jvp(
      long id,
      MemorySegment primals,
      MemorySegment tangents,
      MemorySegment outputs,
      MemorySegment outputTangents,
      MemorySegment count,
      MemorySegment error) {
    return viking_native_h.vk_jvp(
        FunctionRegistry.stub(),
        id,
        primals,
        tangents,
        1,
        outputs,
        outputTangents,
        1,
        count,
        error,
        error.byteSize());
  }
}
