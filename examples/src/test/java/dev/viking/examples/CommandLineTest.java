package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Help, and what bad input is answered with. */
class CommandLineTest {
  @TempDir Path temporary;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--data",
        "--mode",
        "--mle-epochs",
        "--sigma-epochs",
        "--epochs",
        "--batch-size",
        "--seed",
        "--seeds",
        "--out",
        "--resume",
        "--json",
        "--threads",
        "--samples",
        "--gamma",
        "--beta",
        "--learning-rate",
        "--projection-gradient",
        "--limit",
        "--memory-limit",
        "--stacktrace"
      })
  void trainHelpExplainsEveryOption(String option) {
    CommandRun run = CommandRun.of("train", "--help");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).containsPattern("(?m)" + option + "[=, \\n]");
  }

  @Test
  void trainHelpShowsDefaults() {
    String help = CommandRun.of("train", "--help").out().replaceAll("\\s+", " ");
    assertThat(help)
        .contains("0 to 1 (default: 0.2)")
        .contains("for the mean (default: 0.001)")
        .contains("(default: 0.02; choose yours on validation images)")
        .contains("(default: 0.01, as in the authors' experiments)")
        .doesNotContain("${");
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "demo", "evaluate", "posthoc", "info", "guards"})
  void everyCommandHasHelp(String command) {
    CommandRun run = CommandRun.of(command, "--help");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).startsWith("Usage: viking " + command);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --mode fast                    | --mode: fast given; one of exact, paper is needed
          --epochs many                  | '--epochs'
          --epochs -1                    | --epochs: -1 given
          --gamma 1.5                    | --gamma: 1.5 given; a number from 0 to 1 is needed
          --beta -1                      | --beta: -1.0 given
          --learning-rate 0              | --learning-rate: 0.0 given
          --batch-size 0                 | --batch-size: 0 given
          --seeds 1,2,1                  | --seeds: a seed is given twice
          --device tpu                   | tpu
          --memory-limit 12X             | --memory-limit: 12X given; a whole number of bytes
          --memory-limit 0               | --memory-limit: 0 given; a whole number of bytes
          --memory-limit -1M             | --memory-limit: -1M given; a whole number of bytes
          --memory-limit 8589934592G     | --memory-limit: 8589934592G given
          --mle-epochs 0 --epochs 0      | nothing to train
          --limit 9000                   | there are 8000 to train on
          --data /no/such/folder         | --data: /no/such/folder is not a folder
          --resume                       | --resume: --out with the folder of the run is needed
          --no-such-option               | --no-such-option
          """)
  void badOptionsGiveOneLineAndNoOutput(String options, String expected) throws IOException {
    Path out = temporary.resolve("out");
    Stream<String> where =
        options.contains("--resume") ? Stream.of() : Stream.of("--out", out.toString());
    String[] arguments =
        Stream.of(Stream.of("train"), Stream.of(options.split(" ", -1)), where)
            .flatMap(each -> each)
            .toArray(String[]::new);
    CommandRun run = CommandRun.of(arguments);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1).first().asString().contains(expected);
    assertThat(run.out()).isEmpty();
    assertThat(out).doesNotExist();
  }

  @Test
  void stacktraceIsPrintedWhenAskedFor() {
    CommandRun run = CommandRun.of("train", "--stacktrace", "--mode", "fast");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("\tat dev.viking.examples.");
  }

  @Test
  void malformedDataIsNamedWithItsFile() throws IOException {
    Path data = TinyMnist.write(temporary.resolve("data"));
    Path labels = data.resolve("train-labels-idx1-ubyte.gz");
    Files.write(labels, new byte[] {1, 2, 3, 4, 5});
    Path out = temporary.resolve("out");
    CommandRun run = CommandRun.of("train", "--data", data.toString(), "--out", out.toString());
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1).first().asString().contains(labels.toString());
    assertThat(out).doesNotExist();
  }

  @Test
  void checkpointsThatAreNoneAreRefused() throws IOException {
    Path text = Files.writeString(temporary.resolve("text.safetensors"), "not a checkpoint");
    Path other = temporary.resolve("other.safetensors");
    Checkpoint.builder()
        .metadata("format", "viking-posterior-1")
        .metadata("model", "resnet")
        .put("mean", new float[3], 3)
        .write(other);
    assertRefused("evaluate", text.toString(), "text.safetensors");
    assertRefused("evaluate", other.toString(), "model is resnet");
    assertRefused("evaluate", temporary.resolve("none").toString(), "no such file");
  }

  private static void assertRefused(String command, String file, String expected) {
    CommandRun run = CommandRun.of(command, file);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1).first().asString().contains(expected);
  }

  @Test
  void noCommandPrintsTheCommands() {
    CommandRun run = CommandRun.of();
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("train", "demo", "evaluate", "posthoc", "info", "guards");
  }

  @Test
  void infoNamesVersionsAndDevices() {
    CommandRun run = CommandRun.of("info");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .containsPattern("compiled_torch +2\\.")
        .containsPattern("runtime_torch +2\\.")
        .containsPattern("threads +\\d+")
        .contains("cuda devices");
  }

  @Test
  void guardsListsTheNorms() {
    CommandRun run = CommandRun.of("guards");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines()).hasSizeGreaterThan(3);
    assertThat(run.out()).contains("batch_norm");
  }
}
