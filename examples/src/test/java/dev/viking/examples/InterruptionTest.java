package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.MalformedCheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trainings in a JVM of their own that are ended from outside, and gone on with. */
@Execution(ExecutionMode.SAME_THREAD)
class InterruptionTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long PATIENCE_SECONDS = 120;

  @TempDir Path temporary;

  private List<String> options(Path out, String model) throws IOException {
    Path data = temporary.resolve("data");
    boolean color = model.equals("resnet20");
    if (!Files.exists(data)) {
      Path _ = color ? TinyCifar.write(data) : TinyMnist.write(data);
    }
    // A checkpoint after every step makes training slow enough to be met in its middle.
    return List.of(
        "train",
        "--data",
        data.toString(),
        "--model=" + model,
        "--limit=" + (color ? 16 : 0),
        "--batch-size=8",
        "--mle-epochs=1",
        "--sigma-epochs=1",
        "--epochs=3",
        "--samples=2",
        "--threads=1",
        "--checkpoint-seconds=0",
        "--out",
        out.toString());
  }

  // The second has batch norms, whose statistics must be those of the first run as well.
  @ParameterizedTest
  @ValueSource(strings = {"lenet", "resnet20"})
  void terminatedAndResumedEqualsUninterrupted(String model)
      throws IOException, InterruptedException {
    Path whole = temporary.resolve("whole");
    assertThat(CommandRun.of(options(whole, model).toArray(String[]::new)).exitCode()).isZero();

    Path broken = temporary.resolve("broken");
    Process child = CommandProcess.start(options(broken, model), log(broken));
    awaitElbo(child, broken);
    child.destroy();
    assertThat(child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(child.exitValue()).isEqualTo(143);
    assertThat(Files.readString(log(broken)))
        .contains("interrupted; to go on: viking train --resume --out " + broken);
    assertThat(broken.resolve("posterior.safetensors")).doesNotExist();

    CommandRun resumed =
        CommandRun.of("train", "--resume", "--out", broken.toString(), "--threads=1");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(resumed.err()).contains("going on from").contains("stage ELBO");
    assertThat(results(broken)).isEqualTo(results(whole));
    try (Checkpoint expected = Checkpoint.read(whole.resolve("posterior.safetensors"));
        Checkpoint actual = Checkpoint.read(broken.resolve("posterior.safetensors"))) {
      assertThat(actual.floats("mean")).isEqualTo(expected.floats("mean"));
      assertThat(actual.doubles("state.history.steps"))
          .isEqualTo(expected.doubles("state.history.steps"));
    }
  }

  @Test
  void killedLeavesACheckpointToGoOnFrom() throws IOException, InterruptedException {
    Path out = temporary.resolve("killed");
    Process child = CommandProcess.start(options(out, "lenet"), log(out));
    awaitElbo(child, out);
    child.destroyForcibly();
    assertThat(child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(child.exitValue()).isEqualTo(137);
    try (Checkpoint checkpoint = Checkpoint.read(out.resolve("checkpoint.safetensors"))) {
      assertThat(checkpoint.metadata()).containsEntry("trainer.stage", "ELBO");
      assertThat(checkpoint.floats("trainer.mean")).hasSize(44_426);
    }
    CommandRun resumed = CommandRun.of("train", "--resume", "--out", out.toString());
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(out.resolve("metrics.json")).exists();
    assertThat(out.resolve("checkpoint.safetensors")).doesNotExist();
  }

  private Path log(Path out) {
    return temporary.resolve(out.getFileName() + ".log");
  }

  /** Waits until the checkpoint on disk is of a step in the middle of the last stage. */
  private void awaitElbo(Process child, Path out) throws IOException, InterruptedException {
    Path file = out.resolve("checkpoint.safetensors");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (System.nanoTime() < deadline) {
      assertThat(child.isAlive()).as(() -> read(log(out))).isTrue();
      if (Files.exists(file)) {
        try (Checkpoint checkpoint = Checkpoint.read(file)) {
          boolean middle = !"0".equals(checkpoint.metadata().get("trainer.step"));
          if (middle && "ELBO".equals(checkpoint.metadata().get("trainer.stage"))) {
            return;
          }
        } catch (MalformedCheckpointException e) {
          throw new AssertionError("a reader met half a file", e);
        }
      }
      Thread.sleep(5);
    }
    throw new AssertionError("training did not reach its last stage: " + read(log(out)));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The evaluation without the times. */
  private static JsonNode results(Path out) throws IOException {
    ObjectNode node = (ObjectNode) JSON.readTree(out.resolve("evaluation.json").toFile());
    node.remove("seconds");
    return node;
  }
}
