package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.viking.nn.TorchScriptModel;
import dev.viking.posterior.SavedPosterior;
import dev.viking.torch.Device;
import dev.viking.torch.NativeMemory;
import dev.viking.torch.Scope;
import java.io.IOException;
import java.nio.file.Path;
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
    refused("refused-random.pt", "aten::randn_like");
    refused("weights.pt", "torch.save");
    refused("none.pt", "cannot be opened");
    refused("mlp-float32.pt", "aten::linear", "--limit=64", "--input-shape=784");
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
