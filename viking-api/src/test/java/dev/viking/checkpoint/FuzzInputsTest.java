package dev.viking.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The inputs that a fuzzer (src/fuzz) started from or found, without the fuzzer: every file is
 * either read or refused with the exception that is meant for it, and no array lies outside the
 * data.
 */
class FuzzInputsTest {
  private static final Path FILE = Path.of("fuzz");

  static void checkFile(byte[] bytes) {
    Header header;
    try {
      header = Checkpoint.header(FILE, MemorySegment.ofArray(bytes));
    } catch (MalformedCheckpointException expected) {
      return;
    }
    long data = 0;
    for (CheckpointEntry entry : header.entries().values()) {
      long end = Math.addExact(entry.offset(), entry.byteSize());
      if (entry.offset() < 0 || entry.byteSize() < 0 || end > bytes.length) {
        throw new AssertionError("outside of the file: " + entry);
      }
      long numel = entry.shape().stream().reduce(1L, Math::multiplyExact);
      if (numel * entry.dtype().byteSize() != entry.byteSize()) {
        throw new AssertionError("another size than its shape: " + entry);
      }
      data += entry.byteSize();
    }
    if (data > bytes.length) {
      throw new AssertionError("arrays share bytes: " + header);
    }
  }

  static void checkDescription(byte[] bytes) {
    String json = new String(bytes, StandardCharsets.UTF_8);
    try {
      String again = ModelDescription.of(new ModelDescription(json, Map.of()).model("fuzz")).json();
      String third =
          ModelDescription.of(new ModelDescription(again, Map.of()).model("fuzz")).json();
      if (!again.equals(third)) {
        throw new AssertionError(again + " became " + third);
      }
    } catch (ModelDescriptionException expected) {
      return;
    }
  }

  private static List<Path> inputs(String method) throws IOException, URISyntaxException {
    Path folder =
        Path.of(
            Objects.requireNonNull(
                    FuzzInputsTest.class.getResource("CheckpointFuzzInputs/" + method))
                .toURI());
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  @Test
  void everyFileIsReadOrRefused() throws Exception {
    assertThat(inputs("everyFileIsReadOrRefused")).isNotEmpty();
    for (Path file : inputs("everyFileIsReadOrRefused")) {
      checkFile(Files.readAllBytes(file));
    }
  }

  @Test
  void everyDescriptionIsReadOrRefused() throws Exception {
    assertThat(inputs("everyDescriptionIsReadOrRefused")).isNotEmpty();
    for (Path file : inputs("everyDescriptionIsReadOrRefused")) {
      checkDescription(Files.readAllBytes(file));
    }
  }

  /** Otherwise the fuzzer would start from nothing it can change. */
  @Test
  void someInputsAreGoodAndSomeAreNot() throws Exception {
    List<Path> files = inputs("everyFileIsReadOrRefused");
    Path good =
        files.stream().filter(file -> file.endsWith("two-arrays")).findFirst().orElseThrow();
    Path bad = files.stream().filter(file -> file.endsWith("overlap")).findFirst().orElseThrow();
    assertThat(Checkpoint.header(good, MemorySegment.ofArray(Files.readAllBytes(good))).entries())
        .hasSize(2);
    assertThatThrownBy(() -> Checkpoint.header(bad, MemorySegment.ofArray(Files.readAllBytes(bad))))
        .hasMessageContaining("overlaps");
    Path model = inputs("everyDescriptionIsReadOrRefused").getFirst();
    assertThat(new ModelDescription(Files.readString(model), Map.of()).model("x").layers())
        .hasSize(5);
  }
}
