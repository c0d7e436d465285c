package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A comparison in a JVM of its own that is ended from outside, and gone on with. */
@Execution(ExecutionMode.SAME_THREAD)
class CompareInterruptionTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long PATIENCE_SECONDS = 120;

  @TempDir Path temporary;

  private List<String> options(Path out) throws IOException {
    Path data = temporary.resolve("data");
    if (!Files.exists(data)) {
      TinyCifar.write(data);
    }
    // The ensemble comes last and takes long enough to be met in its middle.
    return List.of(
        "compare",
        "--data=" + data,
        "--model=mlp",
        "--methods=map,viking,ensemble",
        "--members=25",
        "--batch-size=4",
        "--mle-epochs=2",
        "--sigma-epochs=1",
        "--epochs=2",
        "--samples=2",
        "--threads=1",
        "--out=" + out);
  }

  @Test
  void terminatedInAFitAndRunAgainEqualsUninterrupted() throws IOException, InterruptedException {
    Path whole = temporary.resolve("whole");
    CommandRun first = CommandRun.of(options(whole).toArray(String[]::new));
    assertThat(first.exitCode()).as(first.err()).isZero();

    Path broken = temporary.resolve("broken");
    Process child = CommandProcess.start(options(broken), log());
    awaitCell(child, broken.resolve("cells/viking-0.json"));
    child.destroy();
    assertThat(child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(child.exitValue()).isEqualTo(143);
    assertThat(Files.readString(log())).contains("interrupted; the same command goes on");
    // Of the ensemble's networks those that were trained are there.
    int networks = networks(broken);
    assertThat(networks).isLessThan(25);
    assertThat(broken.resolve("compare.json")).doesNotExist();

    CommandRun again = CommandRun.of(options(broken).toArray(String[]::new));
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(again.err().lines().filter(line -> line.startsWith("already there"))).hasSize(2);
    JsonNode expected = results(whole);
    assertThat(expected.path("methods").size()).isEqualTo(3);
    assertThat(results(broken)).isEqualTo(expected);
    assertThat(networks(broken)).isEqualTo(25);
  }

  private static int networks(Path out) throws IOException {
    try (Stream<Path> files = Files.list(out.resolve("fits"))) {
      return (int) files.filter(file -> file.toString().matches(".*/map-[-0-9]+\\.json")).count();
    }
  }

  private Path log() {
    return temporary.resolve("broken.log");
  }

  private void awaitCell(Process child, Path file) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!Files.exists(file)) {
      assertThat(child.isAlive()).as(Files.readString(log())).isTrue();
      assertThat(System.nanoTime()).as(Files.readString(log())).isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  private static JsonNode results(Path out) throws IOException {
    return CompareCommandTest.withoutTimes(JSON.readTree(out.resolve("compare.json").toFile()));
  }
}
