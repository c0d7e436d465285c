package dev.viking.examples;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.torch.Device;
import dev.viking.torch.NativeMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole comparisons on few images. */
class CompareCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String METHODS = "map,viking,miani-loss,ensemble,sgld";

  @TempDir Path temporary;

  private List<String> small(Path out, String methods) throws IOException {
    Path data = temporary.resolve("data");
    if (!Files.exists(data)) {
      TinyMnist.write(data);
    }
    return List.of(
        "compare",
        "--data",
        data.toString(),
        "--model=mlp",
        "--methods",
        methods,
        "--batch-size=8",
        "--mle-epochs=2",
        "--sigma-epochs=1",
        "--epochs=1",
        "--samples=4",
        "--members=2",
        "--sgld-cycles=1",
        "--out",
        out.toString());
  }

  private static CommandRun run(List<String> first, String... more) {
    return CommandRun.of(TrainCommandTest.with(first, more));
  }

  private static JsonNode results(Path out) throws IOException {
    return JSON.readTree(out.resolve("compare.json").toFile());
  }

  /** Everything but the times. */
  static JsonNode withoutTimes(JsonNode node) {
    if (node instanceof ObjectNode object) {
      object.remove(Set.of("seconds", "fit_seconds", "evaluate_seconds"));
    }
    node.forEach(CompareCommandTest::withoutTimes);
    return node;
  }

  @Test
  void everyMethodAndSeedIsInTheTableTheJsonAndThePage() throws IOException {
    Path out = temporary.resolve("out");
    long before = NativeMemory.live(Device.CPU).handles();
    Path other = TinyMnist.write(temporary.resolve("other"));
    CommandRun run =
        run(
            small(out, METHODS + ",map-short,miani-function,swag,viking-mixture,multi-swag"),
            "--swag-epochs=2",
            "--mixture-draw-images=9",
            "--seeds=3,4",
            "--ood=others=" + other,
            "--rotations=0,90");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(NativeMemory.live(Device.CPU).handles()).isEqualTo(before);
    List<String> names =
        List.of(
            "MAP",
            "VIKING",
            "Miani, loss",
            "Deep ensemble",
            "SGLD",
            "MAP, 5 epochs",
            "Miani, function",
            "Mixture of VIKING",
            "MultiSWAG");
    assertThat(run.out()).contains(names).contains("+-", "*", "AUROC, others told from data");
    String markdown = Files.readString(out.resolve("table.md"));
    assertThat(markdown).contains(names.stream().map(name -> "| " + name + " |").toList());
    assertThat(markdown).contains("**");

    JsonNode all = results(out);
    for (String key :
        List.of("map", "viking", "miani-loss", "ensemble", "sgld", "map-short", "viking-mixture")) {
      JsonNode method = all.path("methods").path(key);
      assertThat(method.path("hyperparameters").size()).as(key).isPositive();
      assertThat(method.path("cells").size()).isEqualTo(2);
      double first = method.path("cells").path(0).path("nll").asDouble();
      double second = method.path("cells").path(1).path("nll").asDouble();
      assertThat(first).isNotEqualTo(second);
      assertThat(method.path("summary").path("nll").path("mean").asDouble())
          .isEqualTo((first + second) / 2);
      JsonNode cell = method.path("cells").path(0);
      assertThat(cell.path("seconds").path("fit").asDouble()).isPositive();
      assertThat(cell.path("ood").path("others").path("entropy").path("auroc").asDouble())
          .isBetween(0.0, 1.0);
      assertThat(cell.path("rotations").path(0).path("accuracy")).isEqualTo(cell.path("accuracy"));
      assertThat(cell.path("rotations").path(1).path("nll")).isNotEqualTo(cell.path("nll"));
    }
    assertThat(hyperparameters(out, "viking-mixture").path("draw.examples").asText())
        .isEqualTo("9");
    assertThat(hyperparameters(out, "viking").path("draw.examples").asText()).isEqualTo("0");
    // Two networks for each seed, and of each one what the mixtures consist of; no file is twice.
    try (Stream<Path> files = Files.list(out.resolve("fits"))) {
      Map<String, Long> fits =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".json"))
              .collect(groupingBy(name -> name.replaceFirst("-?-[0-9]+\\.json", ""), counting()));
      assertThat(fits)
          .contains(entry("map", 4L), entry("viking", 4L), entry("swag", 4L), entry("sgld", 2L))
          .doesNotContainKeys("ensemble", "viking-mixture", "multi-swag");
    }
    // The very same images, so chance is all there is.
    assertThat(aurocOfMap(all)).isEqualTo(0.5);

    String page = Files.readString(out.resolve("report.html"));
    assertThat(page).contains(names).contains("src=\"data:image/png;base64,");
    assertThat(page).contains("predictions of all seeds that a method has pooled");
    assertThat(page).doesNotContain("http", "<script", "<link", "url(");
    for (String picture :
        List.of(
            "reliability-1.png", "reliability-2.png", "accuracy-rejection.png", "rotations.png")) {
      assertThat(ImageIO.read(out.resolve(picture).toFile()).getWidth()).isGreaterThan(400);
    }
  }

  @Test
  void optionsOfTheDrawsAndTheMemoryReachTheMethods() throws IOException {
    Path out = temporary.resolve("out");
    CommandRun run =
        run(
            small(out, "viking,miani-loss"),
            "--seeds=1,2",
            "--draw-block=auto",
            "--draw-accelerated",
            "--draw-tolerance=0.25",
            "--draw-cycles=3",
            "--memory-limit=200k");
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode viking = hyperparameters(out, "viking");
    assertThat(viking.path("draw.block").asText()).isEqualTo("0");
    assertThat(viking.path("draw.accelerated").asText()).isEqualTo("true");
    assertThat(viking.path("draw.tolerance").asText()).isEqualTo("0.25");
    assertThat(viking.path("draw.cycles").asText()).isEqualTo("3");
    assertThat(viking.path("draw.memoryBudget").asText()).isEqualTo("204800");
    assertThat(viking.path("elbo").asText()).contains("memoryLimit=204800");
    assertThat(hyperparameters(out, "miani-loss").path("draw.memoryBudget").asText())
        .isEqualTo("204800");
    // Once for both seeds.
    assertThat(run.err().lines().filter(line -> line.startsWith("viking: samples are projected")))
        .hasSize(1)
        .first()
        .asString()
        .contains("chosen by");
    assertThat(run.err()).containsPattern("viking: Jacobian of a block: BatchJacobian");

    // Without the options nothing of them is in what is stored, as before there were any.
    Path usual = temporary.resolve("usual");
    CommandRun before = run(small(usual, "viking,miani-loss"));
    assertThat(before.err()).contains("blocks of 8 images: as the options have it");
    assertThat(hyperparameters(usual, "viking").path("draw.block").asText()).isEqualTo("8");
    assertThat(hyperparameters(usual, "viking").has("draw.memoryBudget")).isFalse();
    assertThat(hyperparameters(usual, "miani-loss").has("draw.memoryBudget")).isFalse();
  }

  private static JsonNode hyperparameters(Path out, String method) throws IOException {
    return results(out).path("methods").path(method).path("hyperparameters");
  }

  private static double aurocOfMap(JsonNode all) {
    return all.path("methods")
        .path("map")
        .path("cells")
        .path(0)
        .path("ood")
        .path("others")
        .path("max_probability")
        .path("auroc")
        .asDouble();
  }

  @Test
  void aRunThatGoesOnGivesTheSameJson() throws IOException {
    Path out = temporary.resolve("out");
    assertThat(run(small(out, METHODS), "--json").exitCode()).isZero();
    byte[] first = Files.readAllBytes(out.resolve("compare.json"));

    CommandRun again = run(small(out, METHODS), "--json");
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(again.err()).contains("already there");
    assertThat(Files.readAllBytes(out.resolve("compare.json"))).isEqualTo(first);
    assertThat(JSON.readTree(again.out())).isEqualTo(JSON.readTree(first));

    // A cell alone from its stored fit, another with its fit: the same numbers, other times.
    Files.delete(out.resolve("cells/viking-0.json"));
    Files.delete(out.resolve("cells/sgld-0.json"));
    Files.delete(out.resolve("fits/sgld-0.json"));
    CommandRun gone = run(small(out, METHODS));
    assertThat(gone.exitCode()).as(gone.err()).isZero();
    assertThat(withoutTimes(results(out))).isEqualTo(withoutTimes(JSON.readTree(first)));

    // One more method does not do the others again.
    CommandRun more = run(small(out, METHODS + ",map-short"));
    assertThat(more.exitCode()).as(more.err()).isZero();
    assertThat(more.err().lines().filter(line -> line.startsWith("already there"))).hasSize(5);
  }

  @Test
  void cellsSideBySideGiveTheSameNumbersAsOneAfterTheOther() throws IOException {
    Path serial = temporary.resolve("serial");
    Path parallel = temporary.resolve("parallel");
    assertThat(run(small(serial, METHODS), "--seeds=1,2").exitCode()).isZero();
    CommandRun side = run(small(parallel, METHODS), "--seeds=1,2", "--parallel=4");
    assertThat(side.exitCode()).as(side.err()).isZero();
    assertThat(withoutTimes(results(parallel))).isEqualTo(withoutTimes(results(serial)));
  }

  @Test
  void resultsOfOtherOptionsAreNamedAndReplacedOnRequest() throws IOException {
    Path out = temporary.resolve("out");
    assertThat(run(small(out, "map")).exitCode()).isZero();

    List<String> others =
        small(out, "map").stream()
            .map(option -> option.equals("--samples=4") ? "--samples=9" : option)
            .toList();
    CommandRun conflict = run(others, "--map-precision=3");
    assertThat(conflict.exitCode()).isEqualTo(2);
    assertThat(conflict.err())
        .contains("map-0.json was made with other options")
        .contains("samples is 9, the stored one has 4")
        .contains("mlePriorPrecision is 3.0, the stored one has 1.0")
        .contains("--redo");
    assertThat(conflict.err().lines()).hasSize(2);

    CommandRun redone = run(others, "--map-precision=3", "--redo");
    assertThat(redone.exitCode()).as(redone.err()).isZero();
    assertThat(results(out).path("methods").path("map").path("hyperparameters").toString())
        .contains("\"mlePriorPrecision\":\"3.0\"");
  }

  @Test
  void oneFitOfVikingServesAllWaysToDraw() throws IOException {
    Path out = temporary.resolve("out");
    assertThat(run(small(out, "viking"), "--draw-images=8").exitCode()).isZero();
    byte[] fitted = Files.readAllBytes(out.resolve("fits/viking-0.safetensors"));
    JsonNode eight = hyperparameters(out, "viking");
    double before = nllOfViking(out);

    CommandRun conflict = run(small(out, "viking"), "--draw-images=3");
    assertThat(conflict.exitCode()).isEqualTo(2);
    assertThat(conflict.err()).contains("draw.examples is 3, the stored one has 8");

    CommandRun redone = run(small(out, "viking"), "--draw-images=3", "--redo");
    assertThat(redone.exitCode()).as(redone.err()).isZero();
    assertThat(Files.readAllBytes(out.resolve("fits/viking-0.safetensors"))).isEqualTo(fitted);
    assertThat(hyperparameters(out, "viking").path("draw.examples").asText()).isEqualTo("3");
    assertThat(eight.path("draw.examples").asText()).isEqualTo("8");
    double after = nllOfViking(out);
    assertThat(after).isNotEqualTo(before);

    Path anew = temporary.resolve("anew");
    assertThat(run(small(anew, "viking"), "--draw-images=3").exitCode()).isZero();
    assertThat(nllOfViking(anew)).isEqualTo(after);
  }

  private static double nllOfViking(Path out) throws IOException {
    return results(out).path("methods").path("viking").path("cells").path(0).path("nll").asDouble();
  }

  @Test
  void nothingReadsTheTestImagesBeforeTheFitIsDone() throws IOException {
    Path out = temporary.resolve("out");
    List<String> options = small(out, "viking");
    Path images = temporary.resolve("data/t10k-images-idx3-ubyte.gz");
    Files.write(images, new byte[] {1, 2, 3});
    CommandRun run = run(options);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("t10k-images");
    // The fit is there, so whoever read the file came after it.
    assertThat(out.resolve("fits/viking-0.json")).exists();
    assertThat(out.resolve("cells/viking-0.json")).doesNotExist();

    Path others = TinyMnist.write(temporary.resolve("others"));
    Files.write(others.resolve("t10k-images-idx3-ubyte.gz"), new byte[] {1, 2, 3});
    CommandRun validation =
        run(
            small(temporary.resolve("choose"), METHODS),
            "--split=validation",
            "--ood=others=" + others);
    assertThat(validation.exitCode()).as(validation.err()).isZero();
    // The very same images, so chance is all there is.
    assertThat(aurocOfMap(results(temporary.resolve("choose")))).isEqualTo(0.5);
  }

  @Test
  void theImageSetsReadTheTestHalfWhenItIsAskedForAndOnce() throws IOException {
    List<String> order = new ArrayList<>();
    ImageSets drawn = ImageSets.load(null, 10, AugmentChoice.AUTO);
    ImageSets sets =
        new ImageSets(
            "watched",
            drawn.train(),
            drawn.validation(),
            () -> {
              order.add("read");
              return drawn.test();
            },
            AugmentChoice.AUTO);
    CompareSettings.fingerprint(sets.train(), sets.validation());
    assertThat(order).isEmpty();
    assertThat(sets.test().count()).isEqualTo(2000);
    assertThat(sets.test()).isSameAs(sets.test());
    assertThat(order).containsExactly("read");
  }

  @Test
  void vikingsNumbersAreThoseOfTrain() throws IOException {
    Path data = TinyMnist.write(temporary.resolve("data"));
    List<String> common =
        List.of(
            "--data",
            data.toString(),
            "--batch-size=16",
            "--mle-epochs=1",
            "--sigma-epochs=1",
            "--epochs=1",
            "--samples=3",
            "--out");
    Path trained = temporary.resolve("trained");
    Path compared = temporary.resolve("compared");
    List<String> train = Stream.of(List.of("train"), common).flatMap(List::stream).toList();
    List<String> compare = Stream.of(List.of("compare"), common).flatMap(List::stream).toList();
    assertThat(run(train, trained.toString()).exitCode()).isZero();
    assertThat(run(compare, compared.toString(), "--methods=map,viking").exitCode()).isZero();
    JsonNode methods = results(compared).path("methods");
    JsonNode expected = JSON.readTree(trained.resolve("evaluation.json").toFile());
    for (String method : List.of("map", "viking")) {
      JsonNode cell = methods.path(method).path("cells").path(0);
      for (String metric : List.of("accuracy", "nll", "ece", "paper_mce", "brier")) {
        assertThat(cell.path(metric).asDouble())
            .as(method + " " + metric)
            .isCloseTo(
                expected.path(method).path(metric).asDouble(),
                org.assertj.core.data.Offset.offset(1e-6));
      }
    }
  }

  @Test
  void aMethodThatDivergesLeavesTheOthersTheirRows() throws IOException {
    Path out = temporary.resolve("out");
    CommandRun run = run(small(out, "map,sgld"), "--sgld-learning-rate=1e2", "--map-precision=1e8");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).contains("sgld seed 0: SGLD: the loss is");
    assertThat(results(out).path("methods").has("map")).isTrue();
    assertThat(results(out).path("failures").size()).isEqualTo(1);
  }

  @Test
  void saysInOneLineWhatIsWrong() throws IOException {
    refused("--methods: swagger given; one of map-short, map", "--methods=swagger");
    refused("--methods: map is given twice", "--methods=map,map");
    refused("--model: resnet given; one of lenet, mlp, resnet20", "--model=resnet");
    refused("--split: train given; one of test, validation is needed", "--split=train");
    refused("--parallel: -1 given", "--parallel=-1");
    refused("--members: 0 given", "--members=0");
    refused("--draw-block: some given; a number of images, 0 for", "--draw-block=some");
    refused("--draw-block: -1 given; a number of images", "--draw-block=-1");
    refused("--draw-images: -1 given; at least 0 is needed", "--draw-images=-1");
    refused("--mixture-draw-images: -1 given; at least 0 is needed", "--mixture-draw-images=-1");
    refused("--draw-tolerance: 2.0 given; a number from 0 to 1", "--draw-tolerance=2");
    refused("--draw-cycles of at least 2 is needed", "--draw-tolerance=0.1");
    refused("--memory-limit: 1T given; a whole number of bytes", "--memory-limit=1T");
    refused("--data: /none is not a folder", "--data=/none");
  }

  private void refused(String reason, String... options) {
    List<String> first = List.of("compare", "--out", temporary.resolve("none").toString());
    CommandRun run = run(first, options);
    assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(reason);
    assertThat(run.err().lines().filter(line -> line.startsWith("viking compare:"))).hasSize(1);
    assertThat(run.out()).isEmpty();
  }
}
