package dev.viking.checkpoint;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * Feeds the readers of untrusted files with bytes that a fuzzer makes up: every file is either read
 * or refused with the exception that is meant for it, and no array lies outside the data.
 *
 * <p>Not among the tests by its name, because the fuzzer's agent slows down all classes of its JVM.
 * {@code JAZZER_FUZZ=1 mvn test -pl viking-api -am -Dtest=CheckpointFuzz
 * -Dsurefire.failIfNoSpecifiedTests=false} looks for new inputs, for as long as the annotation
 * says; {@code .ci/run} does. What it finds belongs into the folder of the method's name below
 * {@code src/test/resources}, which {@link FuzzInputsTest} runs in every build.
 */
class CheckpointFuzz {
  private static final Path FILE = Path.of("fuzz");

  @FuzzTest(maxDuration = "20s")
  void everyFileIsReadOrRefused(byte[] bytes) {
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

  @FuzzTest(maxDuration = "10s")
  void everyDescriptionIsReadOrRefused(byte[] bytes) {
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
}
