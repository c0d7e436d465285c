package dev.viking.examples;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.posterior.SavedPosterior;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.ExecutionPath;
import dev.viking.serving.Likelihood;
import dev.viking.serving.Prediction;
import dev.viking.serving.PredictorOptions;
import dev.viking.torch.Device;
import dev.viking.torch.NativeMemory;
import dev.viking.torch.Scope;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole trainings on few images. */
class TrainCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> METRICS =
      List.of("accuracy", "nll", "expected_nll", "ece", "mce", "paper_ece", "paper_mce", "brier");

  @TempDir Path temporary;

  static String[] with(List<String> first, String... more) {
    return Stream.concat(first.stream(), Stream.of(more)).toArray(String[]::new);
  }

  private List<String> small(Path out) throws IOException {
    Path data = temporary.resolve("data");
    if (!Files.exists(data)) {
      TinyMnist.write(data);
    }
    return List.of(
        "train",
        "--data",
        data.toString(),
        "--batch-size=16",
        "--mle-epochs=1",
        "--sigma-epochs=1",
        "--epochs=1",
        "--samples=3",
        "--threads=1",
        "--out",
        out.toString());
  }

  @Test
  void embeddedSetGivesEveryFileAndReleasesItsMemory() throws IOException {
    Path out = temporary.resolve("out");
    long before = NativeMemory.live(Device.CPU).handles();
    CommandRun run =
        CommandRun.of(
            "train",
            "--limit=64",
            "--mle-epochs=1",
            "--sigma-epochs=1",
            "--epochs=1",
            "--samples=2",
            "--out",
            out.toString());
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(NativeMemory.live(Device.CPU).handles()).isEqualTo(before);
    assertThat(run.out()).contains("accuracy", "NLL", "ECE", "MCE", "Brier", "MAP", "VIKING");
    assertThat(names(out))
        .containsExactlyInAnyOrder(
            "config.json",
            "evaluation.json",
            "map.safetensors",
            "metrics.json",
            "posterior.safetensors",
            "reliability.png",
            "serving.safetensors",
            "training-curves.png");
    servesWhatWasTested(out.resolve("serving.safetensors"), 784);
    for (String picture : List.of("reliability.png", "training-curves.png")) {
      BufferedImage image = ImageIO.read(out.resolve(picture).toFile());
      assertThat(image.getWidth()).isGreaterThan(400);
    }
    try (Checkpoint posterior = Checkpoint.read(out.resolve("posterior.safetensors"))) {
      assertThat(posterior.floats("mean")).hasSize(44_426);
    }
    JsonNode metrics = JSON.readTree(out.resolve("metrics.json").toFile());
    assertThat(metrics.path("data").path("train").asInt()).isEqualTo(64);
    assertThat(metrics.path("parameters").asInt()).isEqualTo(44_426);
    for (String method : List.of("map", "viking")) {
      for (String metric : METRICS) {
        assertThat(metrics.path("summary").path(method).path(metric).path("mean").isNumber())
            .as(method + " " + metric)
            .isTrue();
      }
    }
  }

  /** What evaluate says of a run's posterior and its MAP network. */
  static JsonNode evaluated(Path out) throws IOException {
    CommandRun run =
        CommandRun.of(
            "evaluate",
            out.resolve("posterior.safetensors").toString(),
            "--map",
            out.resolve("map.safetensors").toString(),
            "--threads=1",
            "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    return JSON.readTree(run.out());
  }

  /** Loads a run's file as a service does, and predicts one image of so many numbers. */
  static void servesWhatWasTested(Path file, int numbers) {
    try (CompiledPredictor predictor =
        CompiledPredictor.load(file, PredictorOptions.of(Likelihood.CATEGORICAL))) {
      assertThat(predictor.samples()).isEqualTo(2);
      assertThat(predictor.path()).isEqualTo(ExecutionPath.COMPILED);
      Prediction prediction = predictor.prediction(1);
      predictor.predict(new float[numbers], prediction);
      double sum = 0;
      for (int c = 0; c < 10; c++) {
        sum += prediction.probability(0, c);
      }
      assertThat(sum).isCloseTo(1, within(1e-5));
    }
  }

  @Test
  void optionsBeyondThePaperReachTheTrainingAndTheEvaluationOfItsFile() throws IOException {
    Path out = temporary.resolve("out");
    String[] options = {
      "--scales=free-layers",
      "--precision=each-step",
      "--scale-start=curvature",
      "--schedule=cosine",
      "--projection-batch=24",
      "--json"
    };
    CommandRun run = CommandRun.of(with(small(out), options));
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode stored = JSON.readTree(out.resolve("config.json").toFile());
    assertThat(stored.path("scales").asText()).isEqualTo("free-layers");
    assertThat(stored.path("projection-batch").asInt()).isEqualTo(24);
    try (Checkpoint posterior = Checkpoint.read(out.resolve("posterior.safetensors"))) {
      assertThat(posterior.floats("log_scale_image")).hasSize(5).doesNotContain(Float.NaN);
      assertThat(posterior.floats("log_scale_kernel")).hasSize(5).doesNotContain(Float.NaN);
      assertThat(posterior.floats("log_precision")[0]).isNotEqualTo(4f);
    }
    CommandRun evaluated =
        CommandRun.of(
            "evaluate", out.resolve("posterior.safetensors").toString(), "--threads=1", "--json");
    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
    assertThat(JSON.readTree(evaluated.out()).path("viking"))
        .isEqualTo(JSON.readTree(run.out()).path("seeds").path(0).path("viking"));

    CommandRun earlier =
        CommandRun.of("evaluate", asBefore(out).toString(), "--threads=1", "--json");
    assertThat(earlier.exitCode()).as(earlier.err()).isZero();
    assertThat(earlier.out()).isEqualTo(evaluated.out());

    CommandRun wrong = CommandRun.of(with(small(out), "--scales=loose"));
    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err())
        .contains("--scales: loose given; one of tied, free, tied-layers, free-layers is needed");
  }

  @Test
  void nothingReadsTheTestImagesBeforeTheSamplesAreThere() throws IOException {
    Path out = temporary.resolve("out");
    List<String> options = small(out);
    Path images = temporary.resolve("data/t10k-images-idx3-ubyte.gz");
    byte[] whole = Files.readAllBytes(images);
    Files.write(images, new byte[] {1, 2, 3});
    CommandRun run = CommandRun.of(options.toArray(String[]::new));
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("t10k-images");
    // Both networks and the samples are there, so whoever read the file came after them.
    assertThat(out.resolve("map.safetensors")).exists();
    try (SavedPosterior saved = SavedPosterior.read(out.resolve("serving.safetensors"))) {
      assertThat(saved.requireSamples().count()).isEqualTo(3);
    }
    assertThat(out.resolve("evaluation.json")).doesNotExist();

    CommandRun evaluated =
        CommandRun.of(
            "evaluate",
            out.resolve("posterior.safetensors").toString(),
            "--map",
            out.resolve("map.safetensors").toString());
    assertThat(evaluated.exitCode()).isEqualTo(2);
    assertThat(evaluated.err()).containsPattern("(?s)sampling +6/6.*t10k-images");

    Files.write(images, whole);
    CommandRun resumed = CommandRun.of("train", "--resume", "--out", out.toString());
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(out.resolve("evaluation.json")).exists();
  }

  @Test
  void aMemoryLimitReachesStepsAndSamplesAndChangesNothingButRounding() throws IOException {
    Path free = temporary.resolve("free");
    CommandRun all = CommandRun.of(with(small(free), "--json"));
    assertThat(all.exitCode()).as(all.err()).isZero();
    assertThat(all.err())
        .contains("samples are projected by 6 blocks of 16 images: as the options have it")
        .containsPattern("Jacobian of a block: BatchJacobian\\[16, 44426\\].*factored")
        .doesNotContain("formed anew");
    assertThat(JSON.readTree(free.resolve("config.json").toFile()).has("memory-limit")).isFalse();

    Path out = temporary.resolve("out");
    CommandRun run = CommandRun.of(with(small(out), "--memory-limit=64K", "--json"));
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).contains("conv2 formed anew for each use");
    assertThat(JSON.readTree(out.resolve("config.json").toFile()).path("memory-limit").asInt())
        .isEqualTo(65_536);
    double expected = vikingNll(JSON.readTree(all.out()).path("seeds").path(0));
    assertThat(vikingNll(JSON.readTree(run.out()).path("seeds").path(0)))
        .isCloseTo(expected, within(1e-3));

    String posterior = out.resolve("posterior.safetensors").toString();
    CommandRun same = CommandRun.of("evaluate", posterior, "--json");
    assertThat(same.err()).contains("formed anew");
    CommandRun more = CommandRun.of("evaluate", posterior, "--memory-limit=1g", "--json");
    assertThat(more.exitCode()).as(more.err()).isZero();
    assertThat(more.err()).doesNotContain("formed anew");
    assertThat(vikingNll(JSON.readTree(more.out()))).isCloseTo(expected, within(1e-3));

    CommandRun conflict =
        CommandRun.of("train", "--out", free.toString(), "--resume", "--memory-limit=2G");
    assertThat(conflict.exitCode()).isEqualTo(2);
    assertThat(conflict.err()).contains("--memory-limit is 2G, the stored run has the default");
    CommandRun other =
        CommandRun.of("train", "--out", out.toString(), "--resume", "--memory-limit=1G");
    assertThat(other.exitCode()).isEqualTo(2);
    assertThat(other.err()).contains("--memory-limit is 1G, the stored run has 65536");
    CommandRun wrong = CommandRun.of("evaluate", posterior, "--memory-limit=lots");
    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err()).contains("--memory-limit: lots given");
  }

  private static double vikingNll(JsonNode result) {
    return result.path("viking").path("nll").asDouble();
  }

  /** The posterior of a run in the layout of earlier versions. */
  private static Path asBefore(Path out) {
    Path file = out.resolve("old.safetensors");
    try (Scope _ = Scope.open();
        Checkpoint now = Checkpoint.read(out.resolve("posterior.safetensors"))) {
      CheckpointBuilder old =
          Checkpoint.builder().metadata("format", "viking-posterior-1").metadata("model", "lenet");
      for (String text : List.of("seed", "seconds", "config")) {
        old.metadata(text, requireNonNull(now.metadata().get("training." + text)));
      }
      for (String name : now.names()) {
        if (!name.equals("scale_groups")) {
          old.put(name.replaceFirst("^state\\.", ""), now.tensor(name));
        }
      }
      old.write(file);
    }
    return file;
  }

  @Test
  void jsonIsAllThatGoesToStdoutAndEvaluateReproducesIt() throws IOException {
    Path out = temporary.resolve("out");
    CommandRun run = CommandRun.of(with(small(out), "--json"));
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode trained = JSON.readTree(run.out());
    assertThat(trained).isEqualTo(JSON.readTree(out.resolve("metrics.json").toFile()));

    JsonNode again = evaluated(out);
    assertThat(again.path("viking")).isEqualTo(trained.path("seeds").path(0).path("viking"));
    assertThat(again.path("map")).isEqualTo(trained.path("seeds").path(0).path("map"));

    CommandRun served =
        CommandRun.of(
            "evaluate", out.resolve("serving.safetensors").toString(), "--threads=1", "--json");
    assertThat(served.exitCode()).as(served.err()).isZero();
    assertThat(JSON.readTree(served.out()).path("viking")).isEqualTo(again.path("viking"));
    try (SavedPosterior saved = SavedPosterior.read(out.resolve("posterior.safetensors"))) {
      assertThat(saved.requireModel().layout().total()).isEqualTo(44_426);
      assertThat(saved.training()).containsKeys("seed", "seconds", "config");
    }
  }

  @Test
  void severalSeedsGiveMeanAndDeviationInPaperMode() throws IOException {
    Path out = temporary.resolve("out");
    CommandRun run = CommandRun.of(with(small(out), "--seeds=3,4", "--mode=paper"));
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("+-");
    assertThat(names(out)).contains("posterior-3.safetensors", "posterior-4.safetensors");
    JsonNode metrics = JSON.readTree(out.resolve("metrics.json").toFile());
    double first = metrics.path("seeds").path(0).path("viking").path("nll").asDouble();
    double second = metrics.path("seeds").path(1).path("viking").path("nll").asDouble();
    JsonNode summary = metrics.path("summary").path("viking").path("nll");
    assertThat(first).isNotEqualTo(second);
    assertThat(summary.path("mean").asDouble()).isEqualTo((first + second) / 2);
    assertThat(summary.path("std").asDouble())
        .isCloseTo(
            Math.abs(first - second) / Math.sqrt(2), org.assertj.core.data.Offset.offset(1e-12));
  }

  @Test
  void aFinishedRunIsNotOverwrittenAndResumesAtOnce() throws IOException {
    Path out = temporary.resolve("out");
    assertThat(CommandRun.of(small(out).toArray(String[]::new)).exitCode()).isZero();
    byte[] posterior = Files.readAllBytes(out.resolve("posterior.safetensors"));

    CommandRun again = CommandRun.of(small(out).toArray(String[]::new));
    assertThat(again.exitCode()).isEqualTo(2);
    assertThat(again.err()).contains("holds a run already").contains("--resume");

    CommandRun conflict =
        CommandRun.of("train", "--out", out.toString(), "--resume", "--epochs=7", "--gamma=0.2");
    assertThat(conflict.exitCode()).isEqualTo(2);
    assertThat(conflict.err()).contains("--epochs is 7, the stored run has 1");
    assertThat(conflict.err()).doesNotContain("gamma");

    CommandRun resumed = CommandRun.of("train", "--out", out.toString(), "--resume");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(resumed.err()).contains("already evaluated");
    assertThat(Files.readAllBytes(out.resolve("posterior.safetensors"))).isEqualTo(posterior);
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).toList();
    }
  }
}
