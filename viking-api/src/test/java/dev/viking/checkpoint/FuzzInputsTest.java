package dev.viking.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The inputs that a fuzzer started from or found, without a fuzzer. */
class FuzzInputsTest {
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
      new CheckpointFuzz().everyFileIsReadOrRefused(Files.readAllBytes(file));
    }
  }

  @Test
  void everyDescriptionIsReadOrRefused() throws Exception {
    assertThat(inputs("everyDescriptionIsReadOrRefused")).isNotEmpty();
    for (Path file : inputs("everyDescriptionIsReadOrRefused")) {
      new CheckpointFuzz().everyDescriptionIsReadOrRefused(Files.readAllBytes(file));
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
