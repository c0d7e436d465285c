package dev.viking.bindings;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderExtractorTest {
  private static final String ONE = "first library".repeat(5_000);
  private static final String TWO = "second library".repeat(7_000);

  @TempDir Path temporary = Path.of("");

  /** The same content in a jar and in a folder, as two class paths may have it. */
  private List<JarResource> resources(boolean jar, String two) throws IOException {
    Path classPath = temporary.resolve(jar ? "natives.jar" : "natives");
    if (jar) {
      try (OutputStream file = Files.newOutputStream(classPath);
          ZipOutputStream zip = new ZipOutputStream(file)) {
        for (String text : List.of(ONE, two)) {
          zip.putNextEntry(new ZipEntry("natives/lib" + (text.equals(ONE) ? "one" : "two")));
          zip.write(text.getBytes(UTF_8));
          zip.closeEntry();
        }
      }
    } else {
      Files.createDirectories(classPath.resolve("natives"));
      Files.writeString(classPath.resolve("natives/libone"), ONE);
      Files.writeString(classPath.resolve("natives/libtwo"), two);
    }
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classPath.toUri().toURL()}, null)) {
      assertThat(JarResource.find(loader, "natives/", "libthree")).isNull();
      return List.of(
          Objects.requireNonNull(JarResource.find(loader, "natives/", "libone")),
          Objects.requireNonNull(JarResource.find(loader, "natives/", "libtwo")));
    }
  }

  private Path cache() {
    return temporary.resolve("cache");
  }

  private static List<Path> visible(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> !file.getFileName().toString().endsWith(".lock")).toList();
    }
  }

  private static void assertWhole(Path folder) {
    assertThat(folder.resolve("libone")).hasContent(ONE);
    assertThat(folder.resolve("libtwo")).hasContent(TWO);
  }

  @Test
  void theNameDependsOnTheContentAlone() throws IOException {
    Path fromJar = new FolderExtractor(resources(true, TWO), "libtorch", cache()).extract();
    assertWhole(fromJar);
    Path fromFolder = new FolderExtractor(resources(false, TWO), "libtorch", cache()).extract();
    assertThat(fromFolder).isEqualTo(fromJar);
    assertThat(visible(cache())).containsExactly(fromJar);
    Path other = new FolderExtractor(resources(true, TWO + "!"), "libtorch", cache()).extract();
    assertThat(other).isNotEqualTo(fromJar);
    assertThat(other.resolve("libtwo")).hasContent(TWO + "!");
    assertWhole(fromJar);
  }

  @Test
  void whatIsThereIsLeftAloneAndWhatIsCutOffIsReplaced() throws IOException {
    FolderExtractor extractor = new FolderExtractor(resources(true, TWO), "x", cache());
    Path folder = extractor.extract();
    Object inode = Files.getAttribute(folder.resolve("libone"), "unix:ino");
    assertThat(extractor.extract()).isEqualTo(folder);
    assertThat(Files.getAttribute(folder.resolve("libone"), "unix:ino")).isEqualTo(inode);
    Files.writeString(folder.resolve("libone"), "cut off");
    Files.delete(folder.resolve("libtwo"));
    assertWhole(extractor.extract());
  }

  @Test
  void whatADeadJvmLeftIsRemoved() throws IOException {
    FolderExtractor extractor = new FolderExtractor(resources(true, TWO), "x", cache());
    Path folder = extractor.extract();
    Path left = Files.createDirectory(cache().resolve(".staged-" + folder.getFileName() + "-dead"));
    Files.writeString(left.resolve("libone"), "half");
    Files.delete(folder.resolve("libone"));
    extractor.extract();
    assertThat(visible(cache())).containsExactly(folder);
  }

  @Test
  void aDamagedJarIsRefusedAndLeavesNothing() throws IOException {
    List<JarResource> resources = resources(false, TWO);
    JarResource good = resources.getFirst();
    JarResource damaged = new JarResource(good.fileName(), good.url(), good.size(), good.crc() ^ 1);
    FolderExtractor extractor =
        new FolderExtractor(List.of(damaged, resources.getLast()), "x", cache());
    assertThatThrownBy(extractor::extract)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("damaged")
        .hasMessageContaining("libone");
    assertThat(visible(cache())).isEmpty();
  }

  @RepeatedTest(20)
  void threadsAndTheirLocksAgreeOnOneFolder() throws Exception {
    int threads = 8;
    List<JarResource> resources = resources(true, TWO);
    CountDownLatch start = new CountDownLatch(1);
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<Path>> folders = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        folders.add(
            executor.submit(
                () -> {
                  start.await();
                  return new FolderExtractor(resources, "x", cache()).extract();
                }));
      }
      start.countDown();
      for (Future<Path> folder : folders) {
        assertWhole(folder.get(60, TimeUnit.SECONDS));
      }
    }
    assertThat(visible(cache())).hasSize(1);
  }
}
