package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.viking.nn.Activation;
import dev.viking.nn.Linear;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.ParameterLayout;
import dev.viking.nn.Sequential;
import dev.viking.nn.TorchScriptModel;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.KlWeight;
import dev.viking.posterior.ProjectionGradient;
import dev.viking.posterior.SavedPosterior;
import dev.viking.posterior.ScaleOptions;
import dev.viking.posterior.ScaleStart;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainerOptionsBuilder;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.Device;
import dev.viking.torch.NativeMemory;
import dev.viking.torch.Scope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A posterior around a network that PyTorch trained on 8,000 drawn digits. */
class PosthocCommandTest {
  private static final Path MODULES =
      Path.of("../viking-api/src/test/resources/dev/viking/nn/torchscript");

  @TempDir Path temporary;

  @Test
  void comparesTheNetworkWithItsPosterior() throws IOException {
    String data = TinyMnist.write(temporary.resolve("data")).toString();
    String module = MODULES.resolve("digits.pt").toString();
    Path file = temporary.resolve("posterior.safetensors");
    long before = NativeMemory.live(Device.CPU).handles();
    CommandRun run =
        CommandRun.of(
            "posthoc",
            "--module",
            module,
            "--data",
            data,
            "--batch-size=16",
            "--samples=4",
            "--out",
            file.toString(),
            "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(NativeMemory.live(Device.CPU).handles()).isEqualTo(before);
    JsonNode result = new ObjectMapper().readTree(run.out());
    assertThat(result.path("parameters").asLong()).isEqualTo(1714);
    // Digits that the network has never seen, drawn as those that it was trained on.
    assertThat(result.path("map").path("accuracy").asDouble()).isGreaterThan(0.8);
    assertThat(result.path("viking").path("accuracy").asDouble()).isBetween(0.5, 1.0);
    assertThat(result.path("viking").path("nll").asDouble())
        .isNotEqualTo(result.path("map").path("nll").asDouble());
    assertThat(result.path("posterior").path("sigma_ker").asDouble()).isBetween(0.005, 0.5);
    readsWhatWasSaved(file, module);
    CommandRun again =
        CommandRun.of(
            "posthoc", "--module", module, "--data", data, "--batch-size=16", "--samples=4");
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(again.out()).contains("MAP", "VIKING", "sigma_ker", "NLL");
  }

  /** The options that a run and its counterpart in Java have in common. */
  private static TrainerOptionsBuilder counterpart() {
    return TrainerOptions.exact()
        .seed(7)
        .batchSize(16)
        .mleEpochs(0)
        .elboEpochs(0)
        .elbo(
            ElboOptions.exact()
                .withKlWeight(KlWeight.relativeTo(0.1))
                .withProjectionGradient(ProjectionGradient.NONE));
  }

  /** Runs the command and compares its scales, to the bit, with those of the trainer itself. */
  private void sameScales(TrainerOptions expected, String... options) throws IOException {
    Path data = TinyMnist.write(temporary.resolve("data"));
    Path file = temporary.resolve("posterior.safetensors");
    Path module = MODULES.resolve("digits.pt");
    List<String> arguments =
        List.of(
            "posthoc",
            "--module=" + module,
            "--data=" + data,
            "--batch-size=16",
            "--samples=2",
            "--seed=7",
            "--out=" + file,
            "--json");
    CommandRun run = CommandRun.of(TrainCommandTest.with(arguments, options));
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode printed = new ObjectMapper().readTree(run.out()).path("posterior");
    try (Scope _ = Scope.open();
        TorchScriptModel model = TorchScriptModel.load(module)) {
      ImageSets sets = ImageSets.load(data, 0, AugmentChoice.NONE);
      ModuleImages images = new ModuleImages(new long[] {1, 28, 28}, 0, 1, Device.CPU);
      KernelImagePosterior posterior =
          new VikingTrainer(model, Losses.softmaxCrossEntropy(), expected)
              .train(images.of(sets.train()), model.initialParameters())
              .posterior();
      KernelImagePosterior saved = SavedPosterior.read(file).posterior();
      assertThat(saved.scales()).isEqualTo(posterior.scales());
      assertThat(saved.variables().toFloatArray()).isEqualTo(posterior.variables().toFloatArray());
      assertThat(printed.path("sigma_ker").asDouble()).isEqualTo(posterior.scaleKernel());
      assertThat(printed.path("sigma_im").asDouble()).isEqualTo(posterior.scaleImage());
      assertThat(posterior.scaleKernel()).isNotCloseTo(Math.exp(-2), within(1e-6));
    }
  }

  @Test
  void theScalesAreFreeAndInClosedFormUnlessAskedFor() throws IOException {
    ScaleOptions closed = ScaleOptions.paper().withStart(ScaleStart.CURVATURE);
    sameScales(counterpart().sigmaEpochs(0).scales(closed.withKernelTied(false)).build());
    sameScales(counterpart().sigmaEpochs(0).scales(closed).build(), "--scales=tied");
    sameScales(
        counterpart()
            .sigmaEpochs(1)
            .sigmaLearningRate(0.01)
            .scales(closed.withKernelTied(false).withPerLayer(true))
            .build(),
        "--scales=free-layers",
        "--sigma-epochs=1");
  }

  @Test
  void theScalesAreTheOldOnesWhereOptionsSaySo() throws IOException {
    TrainerOptionsBuilder old = counterpart().sigmaEpochs(3).sigmaLearningRate(0.01);
    sameScales(
        old.logPrecision(4).logScaleImage(-4).build(), "--scales=tied", "--scale-start=given");
    sameScales(
        old.logPrecision(6).logScaleImage(-3).sigmaEpochs(1).build(),
        "--scales=tied",
        "--scale-start=given",
        "--log-precision=6",
        "--log-sigma-im=-3",
        "--sigma-epochs=1");
  }

  @Test
  void nothingReadsTheTestImagesBeforeTheSamplesAreThere() throws IOException {
    Path data = TinyMnist.write(temporary.resolve("data"));
    Files.write(data.resolve("t10k-images-idx3-ubyte.gz"), new byte[] {1, 2, 3});
    Path file = temporary.resolve("posterior.safetensors");
    CommandRun run =
        CommandRun.of(
            "posthoc",
            "--module=" + MODULES.resolve("digits.pt"),
            "--data=" + data,
            "--batch-size=16",
            "--samples=4",
            "--memory-limit=20K",
            "--out=" + file);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err())
        .containsPattern("(?s)sampling +6/6.*saved .*t10k-images")
        .contains("samples are projected by 6 blocks of 16 images: as the options have it");
    try (SavedPosterior saved = SavedPosterior.read(file)) {
      assertThat(saved.requireSamples().count()).isEqualTo(4);
    }
  }

  private static void readsWhatWasSaved(Path file, String module) {
    try (Scope _ = Scope.open();
        TorchScriptModel model = TorchScriptModel.load(Path.of(module))) {
      SavedPosterior saved = SavedPosterior.read(file);
      assertThat(saved.model()).isNull();
      assertThat(saved.training()).containsEntry("module", module).containsKey("data");
      assertThat(saved.posterior().mean().toFloatArray())
          .isEqualTo(model.initialParameters().toFloatArray());
      assertThat(saved.requireSamples().count()).isEqualTo(4);
    }
    CommandRun evaluated = CommandRun.of("evaluate", file.toString());
    assertThat(evaluated.exitCode()).isEqualTo(2);
    assertThat(evaluated.err()).contains("a network trained by viking train is needed");
  }

  @Test
  void saysInOneLineWhatIsWrong() {
    refused("digits.pt", "--input-shape", "--input-shape=28");
    refused("digits.pt", "--std", "--std=0");
    refused(
        "digits.pt",
        "--scales: loose given; one of tied, free, tied-layers, free-layers is needed",
        "--scales=loose");
    refused(
        "digits.pt",
        "--scale-start: here given; one of given, curvature is needed",
        "--scale-start=here");
    refused("digits.pt", "--log-precision: 8.0 given, but the scales", "--log-precision=8");
    refused("digits.pt", "--log-sigma-im: -4.0 given, but the scales", "--log-sigma-im=-4");
    refused("digits.pt", "--sigma-epochs: -1 given", "--sigma-epochs=-1");
    refused("digits.pt", "--memory-limit: all given; a whole number", "--memory-limit=all");
    refused("refused-random.pt", "aten::randn_like");
    refused("weights.pt", "torch.save");
    refused("none.pt", "cannot be opened");
    refused("mlp-float32.pt", "aten::linear", "--limit=64", "--input-shape=784");
  }

  @Test
  void scalesForEachLayerNeedSeveral() {
    PosthocFit fit =
        new PosthocFit("free-layers", BeyondOptions.scales("free-layers", "given"), 0, 4, -4, 1);
    ParameterLayout one = Sequential.of(new long[] {4}, List.of(new Linear("fc", 4, 2))).layout();
    assertThatThrownBy(() -> fit.requireLayers(one))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--scales: free-layers given")
        .hasMessageContaining("tied or free is needed");
    fit.requireLayers(Mlp.of(new int[] {4, 3, 2}, Activation.TANH).layout());
  }

  private static void refused(String module, String reason, String... options) {
    String[] arguments = new String[options.length + 3];
    arguments[0] = "posthoc";
    arguments[1] = "--module";
    arguments[2] = MODULES.resolve(module).toString();
    System.arraycopy(options, 0, arguments, 3, options.length);
    CommandRun run = CommandRun.of(arguments);
    assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(reason);
    assertThat(run.err().lines().filter(line -> line.startsWith("viking posthoc:"))).hasSize(1);
    assertThat(run.out()).isEmpty();
  }
}
