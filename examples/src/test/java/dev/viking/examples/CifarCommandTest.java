package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.viking.nn.BatchStatistics;
import dev.viking.nn.ChannelStatistics;
import dev.viking.posterior.SavedPosterior;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on color images. */
class CifarCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path temporary;

  private Path data() throws IOException {
    Path data = temporary.resolve("colors");
    return Files.exists(data) ? data : TinyCifar.write(data);
  }

  private List<String> small(String command, String model, Path out) throws IOException {
    return List.of(
        command,
        "--data=" + data(),
        "--model=" + model,
        "--batch-size=6",
        "--mle-epochs=1",
        "--sigma-epochs=1",
        "--epochs=1",
        "--samples=2",
        "--out=" + out);
  }

  private static CommandRun run(List<String> first, String... more) {
    return CommandRun.of(TrainCommandTest.with(first, more));
  }

  private static JsonNode cell(Path out, String method) throws IOException {
    return JSON.readTree(out.resolve("compare.json").toFile())
        .path("methods")
        .path(method)
        .path("cells")
        .path(0);
  }

  @Test
  void imagesAreNormalisedWithTheStatisticsOfThoseThatTrain() throws IOException {
    ImageSets sets = ImageSets.load(data(), 0, AugmentChoice.AUTO);
    assertThat(sets.train().count()).isEqualTo(TinyCifar.TRAIN - TinyCifar.VALIDATION);
    assertThat(sets.validation().count()).isEqualTo(TinyCifar.VALIDATION);
    assertThat(sets.test().count()).isEqualTo(TinyCifar.TEST);
    assertThat(sets.augment()).isEqualTo(AugmentChoice.FLIP_CROP);
    try (Scope _ = Scope.open()) {
      ImageExamples train = sets.examples(sets.train(), Device.CPU);
      int[] all = IntStream.range(0, train.size()).toArray();
      Tensor pixels = train.select(all).inputs();
      for (int channel = 0; channel < 3; channel++) {
        Tensor values = pixels.select(1, channel).to(DType.FLOAT64);
        assertThat(values.mean().item()).isCloseTo(0, within(1e-5));
        assertThat(values.square().mean().item()).isCloseTo(1, within(1e-5));
      }
      // The test images go the same way, not to mean 0 themselves.
      double raw = sets.test().images(3).select(1, 2).to(DType.FLOAT64).mean().item();
      double expected =
          (raw - sets.normalisation().means().get(2)) / sets.normalisation().deviations().get(2);
      Tensor tested = sets.examples(sets.test(), Device.CPU).select(new int[] {3}).inputs();
      assertThat(tested.select(1, 2).to(DType.FLOAT64).mean().item())
          .isCloseTo(expected, within(1e-5));
      // An epoch changes what is trained on, not what it is.
      float[] plain = pixels.toFloatArray();
      assertThat(train.inEpoch(5).select(all).inputs().toFloatArray()).isNotEqualTo(plain);
      assertThat(train.inEpoch(5).select(all).targets().toLongArray())
          .isEqualTo(train.select(all).targets().toLongArray());
      assertThat(train.select(all).inputs().toFloatArray()).isEqualTo(plain);
    }
    ImageSets none = ImageSets.load(data(), 0, AugmentChoice.NONE);
    ImageExamples same = none.examples(none.train(), Device.CPU);
    assertThat(same.inEpoch(5)).isSameAs(same);
  }

  @Test
  void comparesResNetsWithBatchNorms() throws IOException {
    Path out = temporary.resolve("resnet");
    CommandRun run =
        run(
            small("compare", "resnet20", out),
            "--methods=map,viking",
            "--batch-norms=batch",
            "--limit=12");
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode all = JSON.readTree(out.resolve("compare.json").toFile());
    assertThat(all.path("parameters").asInt()).isEqualTo(272_378);
    assertThat(
            all.path("methods").path("viking").path("hyperparameters").path("batchNorms").asText())
        .isEqualTo("batch");
    // With constant statistics the samples of the start give VIKING some ten thousand.
    for (String method : List.of("map", "viking")) {
      assertThat(cell(out, method).path("nll").asDouble()).as(method).isBetween(0.0, 100.0);
    }
    assertThat(Files.readString(out.resolve("fits/viking-0.json")))
        .contains("\"augment\" : \"flip-crop\"");
  }

  @Test
  void trainsResNetsToTheNumbersOfCompare() throws IOException {
    Path trained = temporary.resolve("trained");
    Path compared = temporary.resolve("compared");
    CommandRun train = run(small("train", "resnet20", trained), "--limit=12");
    assertThat(train.exitCode()).as(train.err()).isZero();
    CommandRun compare =
        run(small("compare", "resnet20", compared), "--methods=map,viking", "--limit=12");
    assertThat(compare.exitCode()).as(compare.err()).isZero();
    JsonNode evaluation = JSON.readTree(trained.resolve("evaluation.json").toFile());
    for (String method : List.of("map", "viking")) {
      double expected = cell(compared, method).path("nll").asDouble();
      assertThat(evaluation.path(method).path("nll").asDouble())
          .as(method)
          .isCloseTo(expected, within(1e-5 * expected));
    }
    assertThat(trained.resolve("first-stage.safetensors")).doesNotExist();
    try (SavedPosterior saved = SavedPosterior.read(trained.resolve("serving.safetensors"))) {
      Map<String, ChannelStatistics> statistics = BatchStatistics.of(saved.requireModel());
      assertThat(statistics).isNotEmpty();
      statistics.forEach(
          (name, each) ->
              assertThat(each).as(name).isNotEqualTo(ChannelStatistics.standard(each.channels())));
    }
    TrainCommandTest.servesWhatWasTested(trained.resolve("serving.safetensors"), 3 * 32 * 32);
    JsonNode again = TrainCommandTest.evaluated(trained);
    for (String method : List.of("map", "viking_mean", "viking")) {
      assertThat(again.path(method).path("nll")).isEqualTo(evaluation.path(method).path("nll"));
      assertThat(again.path(method).path("nll").asDouble()).isPositive();
    }
  }

  @Test
  void augmentationIsPartOfWhatAFitIsOf() throws IOException {
    Path out = temporary.resolve("augment");
    assertThat(run(small("compare", "mlp", out), "--methods=map").exitCode()).isZero();
    double augmented = cell(out, "map").path("nll").asDouble();
    CommandRun other = run(small("compare", "mlp", out), "--methods=map", "--augment=none");
    assertThat(other.exitCode()).isEqualTo(2);
    assertThat(other.err()).contains("augment");
    CommandRun redone =
        run(small("compare", "mlp", out), "--methods=map", "--augment=none", "--redo");
    assertThat(redone.exitCode()).as(redone.err()).isZero();
    assertThat(cell(out, "map").path("nll").asDouble()).isNotEqualTo(augmented);
  }

  @Test
  void whatTrainSavesEvaluateReadsWithTheSameNumbers() throws IOException {
    Path out = temporary.resolve("trained");
    CommandRun trained = run(small("train", "mlp", out));
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    JsonNode expected = JSON.readTree(out.resolve("evaluation.json").toFile()).path("viking");
    CommandRun evaluated =
        CommandRun.of("evaluate", out.resolve("posterior.safetensors").toString(), "--json");
    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
    JsonNode actual = JSON.readTree(evaluated.out()).path("viking");
    assertThat(expected.path("nll").asDouble()).isPositive();
    assertThat(actual.path("nll")).isEqualTo(expected.path("nll"));
  }

  @Test
  void aNetworkThatDoesNotFitIsNamedWithThoseThatDo() throws IOException {
    Path out = temporary.resolve("none");
    refused(
        run(small("compare", "lenet", out)),
        "--model: lenet takes images of [1, 28, 28], those of colors are [3, 32, 32]; mlp or"
            + " resnet20 is needed");
    Path grey = TinyMnist.write(temporary.resolve("grey"));
    CommandRun onGrey =
        CommandRun.of("compare", "--data=" + grey, "--model=resnet20", "--out=" + out);
    refused(onGrey, "resnet20 takes images of [3, 32, 32], those of grey are [1, 28, 28]");
    refused(
        run(small("train", "resnet20", out), "--batch-norms=batch"),
        "--batch-norms: batch given; train needs constant");
    refused(run(small("compare", "mlp", out), "--augment=mirror"), "--augment: mirror given; one");
    CommandRun others = run(small("compare", "mlp", out), "--methods=map", "--ood=digits=" + grey);
    refused(others, "--ood: the images of", "are [1, 28, 28]; images of [3, 32, 32]");
  }

  private static void refused(CommandRun run, String... reasons) {
    assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(reasons);
  }
}
