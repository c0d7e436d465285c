package dev.viking.examples;

import dev.viking.nn.Sequential;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code viking evaluate}. */
@Command(
    name = "evaluate",
    description = {
      "Tests a trained posterior.",
      "",
      "Draws samples by alternating projections through the training images, and predicts the test"
          + " images with them. With the defaults the numbers are those that training reported.",
      ""
    },
    sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CHECKPOINT",
      description = "A posterior.safetensors or serving.safetensors of viking train.")
  @Nullable Path checkpoint;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Folder with images like --data of viking train (default: what it was trained on).")
  @Nullable Path data;

  @Option(
      names = "--map",
      paramLabel = "FILE",
      description = "A map.safetensors of viking train to compare with.")
  @Nullable Path map;

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "Posterior samples (default: as in training's evaluation).")
  @Nullable Integer samples;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of the samples (default: as in training's evaluation).")
  @Nullable Long seed;

  @Option(
      names = "--json",
      description = "Print the metrics as JSON on stdout, and nothing else there.")
  boolean json;

  @Option(
      names = "--device",
      paramLabel = "cpu|cuda:N",
      defaultValue = "cpu",
      description = "Where to compute (default: ${DEFAULT-VALUE}).")
  String device = "cpu";

  @Mixin MemoryOption memory = new MemoryOption();
  @Mixin CommonOptions common = new CommonOptions();

  private final Console console;

  EvaluateCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (checkpoint == null) {
      throw new UsageException("CHECKPOINT is needed");
    }
    if (samples != null && samples < 1) {
      throw new UsageException("--samples: " + samples + " given; at least 1 is needed");
    }
    long memoryLimit = memory.bytes();
    common.apply();
    Posteriors.Origin origin = Posteriors.origin(checkpoint);
    RunConfig config = origin.config();
    config.options().put("device", Device.parse(device).toString());
    if (memory.isGiven()) {
      config.options().put(MemoryOption.NAME, memoryLimit);
    }
    Map<String, List<Evaluation>> methods = new LinkedHashMap<>();
    try (Scope _ = Scope.open();
        Interrupts interrupts = Interrupts.listen();
        Progress progress = new Progress(console)) {
      Path folder = data != null || config.data().isEmpty() ? data : Path.of(config.data());
      ImageSets sets = ImageSets.load(folder, config.integer("limit"), config.augment());
      Sequential network = config.model().model(sets);
      Posteriors.Trained trained = Posteriors.read(checkpoint, network, config.device());
      int count = samples != null ? samples : config.integer("samples");
      Evaluator evaluator = new Evaluator(config, sets, count, interrupts);
      try {
        Posteriors.Point point =
            map == null ? null : Posteriors.readMap(map, network, config.device());
        PosteriorSamples drawn =
            evaluator.draw(trained, seed != null ? seed : origin.seed(), progress);
        // Nothing has read the test images up to here.
        if (point != null) {
          methods.put("MAP", List.of(evaluator.point(point.network(), point.parameters())));
        }
        methods.put(
            "VIKING mean", List.of(evaluator.point(trained.network(), trained.posterior().mean())));
        methods.put("VIKING", List.of(evaluator.posterior(trained, drawn, progress)));
      } catch (InterruptedRunException e) {
        return Main.INTERRUPTED;
      }
    }
    MetricsReport report = new MetricsReport(methods);
    if (json) {
      console.out().println(report.json().toPrettyString());
    } else {
      console.out().print(report.table());
    }
    return 0;
  }
}
