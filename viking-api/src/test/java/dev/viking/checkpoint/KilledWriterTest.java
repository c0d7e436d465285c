package dev.viking.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import dev.viking.torch.DType;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KilledWriterTest {
  @TempDir Path folder;

  @Test
  void aKilledProcessLeavesAWholeCheckpoint() throws Exception {
    Path file = folder.resolve("state");
    for (int kill = 0; kill < 3; kill++) {
      Process writer = start(file);
      long before = Files.exists(file) ? round(file) : -1;
      while (!Files.exists(file) || round(file) == before) {
        assertThat(writer.isAlive()).as("the writer").isTrue();
        Thread.sleep(5);
      }
      // Some more milliseconds, different each time, so that the kill hits different places of a
      // write.
      Thread.sleep(17L * kill);
      writer.destroyForcibly().waitFor();

      round(file);
    }

    Checkpoint.builder().put("v", new long[] {-1}, 1).metadata("round", "-1").write(file);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  /** Checks the whole file and returns the round that wrote it. */
  private static long round(Path file) {
    try (Checkpoint read = Checkpoint.read(file)) {
      long round = Long.parseLong(read.metadata().getOrDefault("round", ""));
      assertThat(read.longs("v")).hasSize(500_000).containsOnly(round);
      return round;
    }
  }

  private static Process start(Path file) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    // The same code as in this process, wherever the test runner got it from.
    String path =
        Stream.of(EndlessWriter.class, Checkpoint.class, DType.class, JsonFactory.class)
            .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
            .map(location -> Path.of(URI.create(location.toString())).toString())
            .distinct()
            .collect(Collectors.joining(File.pathSeparator));
    return new ProcessBuilder(
            List.of(java, "-cp", path, EndlessWriter.class.getName(), file.toString()))
        .inheritIO()
        .start();
  }
}
