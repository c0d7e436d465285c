package dev.viking.bindings;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeExtractorTest {
  private static final byte[] CONTENT = "not really a library".repeat(10_000).getBytes(UTF_8);

  @TempDir Path temporary = Path.of("");

  private static List<Path> filesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Test
  void theNameHoldsTheContentsDigest() throws IOException {
    Path folder = temporary.resolve("a/b/c");
    Path file = NativeExtractor.extract("abc".getBytes(UTF_8), "libx.so", folder);
    // SHA-256 of "abc", from FIPS 180-2, its first 32 digits.
    assertThat(file).isEqualTo(folder.resolve("libx-ba7816bf8f01cfea414140de5dae2223.so"));
    assertThat(file).hasContent("abc");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
        .isEqualTo("rwx------");
  }

  @Test
  void aWholeFileIsLeftAlone() throws IOException {
    Path first = NativeExtractor.extract(CONTENT, "libx.so", temporary.resolve("cache"));
    Object key = Files.readAttributes(first, "unix:ino").get("ino");
    Path second = NativeExtractor.extract(CONTENT, "libx.so", temporary.resolve("cache"));
    assertThat(second).isEqualTo(first);
    assertThat(Files.readAttributes(second, "unix:ino").get("ino")).isEqualTo(key);
    assertThat(filesIn(first.getParent())).containsExactly(first);
  }

  @Test
  void aTruncatedOrAlteredFileIsReplaced() throws IOException {
    Path file = NativeExtractor.extract(CONTENT, "libx.so", temporary.resolve("cache"));
    Files.write(file, new byte[] {1, 2, 3});
    NativeExtractor.extract(CONTENT, "libx.so", temporary.resolve("cache"));
    assertThat(file).hasBinaryContent(CONTENT);
    byte[] altered = CONTENT.clone();
    altered[100]++;
    Files.write(file, altered);
    NativeExtractor.extract(CONTENT, "libx.so", temporary.resolve("cache"));
    assertThat(file).hasBinaryContent(CONTENT);
  }

  @Test
  void foldersThatOthersMayWriteToAreRefused() throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("open"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThatThrownBy(() -> NativeExtractor.extract(CONTENT, "libx.so", folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("other users");
    assertThat(filesIn(folder)).isEmpty();
  }

  @Test
  void linksAndFilesInPlaceOfTheFolderAreRefused() throws IOException {
    Path real = Files.createDirectory(temporary.resolve("real"));
    Path link = Files.createSymbolicLink(temporary.resolve("link"), real);
    Path file = Files.createFile(temporary.resolve("file"));
    for (Path folder : List.of(link, file)) {
      assertThatThrownBy(() -> NativeExtractor.extract(CONTENT, "libx.so", folder))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(folder + " is not a folder");
    }
    assertThatThrownBy(() -> NativeExtractor.extract(CONTENT, "libx.so", file.resolve("below")))
        .isInstanceOf(IOException.class);
  }

  @Test
  void threadsAgreeOnOneWholeFile() throws Exception {
    int threads = 8;
    CountDownLatch start = new CountDownLatch(1);
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<byte[]>> seen = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        seen.add(
            executor.submit(
                () -> {
                  start.await();
                  Path folder = temporary.resolve("shared");
                  return Files.readAllBytes(NativeExtractor.extract(CONTENT, "libx.so", folder));
                }));
      }
      start.countDown();
      for (Future<byte[]> bytes : seen) {
        assertThat(bytes.get(60, TimeUnit.SECONDS)).isEqualTo(CONTENT);
      }
    }
    assertThat(filesIn(temporary.resolve("shared"))).hasSize(1);
  }
}
