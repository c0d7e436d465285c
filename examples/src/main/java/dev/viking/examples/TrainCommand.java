package dev.viking.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.baseline.BatchNorms;
import dev.viking.torch.Threads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code viking train}. */
@Command(
    name = "train",
    description = {
      "Trains a network with VIKING and, equally long, a MAP network, and compares them.",
      "",
      "Three stages: maximum likelihood; the posterior's two scales; the ELBO. Writes into --out:"
          + " posterior.safetensors, map.safetensors, evaluation.json, metrics.json, config.json,"
          + " training-curves.png, reliability.png (names carry the seed when there are several),"
          + " and serving.safetensors, which a service loads: the posterior with its network and"
          + " samples."
          + " Interrupt it with Ctrl-C or kill, and go on with --resume.",
      ""
    },
    sortOptions = false)
final class TrainCommand implements Callable<Integer> {
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  @Spec @Nullable CommandSpec spec;
  @Mixin TrainingOptions training = new TrainingOptions();
  @Mixin CommonOptions common = new CommonOptions();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for the results; made if missing (default: runs/train-<date>-<time>).")
  @Nullable Path out;

  @Option(
      names = "--resume",
      description =
          "Go on with the run in --out, with its options; others may be given only if they are the"
              + " same.")
  boolean resume;

  @Option(
      names = "--checkpoint-seconds",
      defaultValue = "30",
      paramLabel = "X",
      description =
          "Seconds between checkpoints within an epoch; each epoch ends with one"
              + " (default: ${DEFAULT-VALUE}).")
  double checkpointSeconds;

  @Option(
      names = "--json",
      description = "Print the metrics as JSON on stdout, and nothing else there.")
  boolean json;

  private final Console console;

  TrainCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Path root =
        out != null
            ? out
            : Path.of("runs", "train-" + LocalDateTime.now(ZoneId.systemDefault()).format(STAMP));
    RunConfig config = resume ? storedConfig(root) : newConfig(root);
    common.apply();
    ImageSets sets =
        ImageSets.load(
            config.data().isEmpty() ? null : Path.of(config.data()),
            config.integer("limit"),
            config.augment());
    checkNetwork(config, sets);
    if (!resume) {
      create(root, config);
    }
    RunFolder folder = new RunFolder(root, config.seeds().size() > 1);
    try (Interrupts interrupts = Interrupts.listen();
        Progress progress = new Progress(console)) {
      progress.say(
          "VIKING, mode %s, on %s: %,d images to train on; %d threads, %s"
              .formatted(
                  config.mode(),
                  sets.name(),
                  sets.train().count(),
                  Threads.get(),
                  config.device()));
      try {
        TrainRun run = new TrainRun(config, folder, sets, checkpointSeconds, progress, interrupts);
        report(config, folder, sets, run.run());
        return 0;
      } catch (InterruptedRunException e) {
        progress.end();
        console.err().println("interrupted; to go on: viking train --resume --out " + root);
        return Main.INTERRUPTED;
      }
    }
  }

  private static void checkNetwork(RunConfig config, ImageSets sets) {
    boolean norms = BatchNorms.in(config.model().model(sets));
    if (norms && config.batchExpectation()) {
      throw new UsageException(
          "--batch-norms: batch given; train needs constant, since its files hold one set of"
              + " statistics and not one for each sample; viking compare --methods map,viking has"
              + " both");
    }
    if (norms && config.integer("mle-epochs") == 0) {
      throw new UsageException(
          "--mle-epochs: 0 given; at least 1 is needed by a network with batch norms, whose"
              + " statistics come from that stage");
    }
  }

  private void report(
      RunConfig config, RunFolder folder, ImageSets sets, List<SeedResult> results) {
    ObjectNode metrics =
        MetricsReport.json(config, sets, config.model().model(sets).layout().total(), results);
    for (SeedResult result : results) {
      Pictures.reliability(folder.reliabilityPicture(result.seed()), result);
      Pictures.curves(
          folder.curvesPicture(result.seed()),
          Posteriors.origin(folder.posterior(result.seed())).history());
    }
    RunFolder.write(folder.metrics(), metrics.toPrettyString() + "\n");
    if (json) {
      console.out().println(metrics.toPrettyString());
    } else {
      console.out().println();
      console.out().print(MetricsReport.of(results).table());
      console.out().println();
      for (SeedResult result : results) {
        console
            .out()
            .printf(
                "seed %d: sigma_ker %.4f, sigma_im %.4f, kernel share %.3f; VIKING %.0f s, MAP %.0f"
                    + " s, evaluation %.0f s%n",
                result.seed(),
                result.scales().kernel(),
                result.scales().image(),
                result.scales().kernelShare(),
                result.seconds().viking(),
                result.seconds().map(),
                result.seconds().evaluation());
      }
      console.out().println("results in " + folder.root());
    }
  }

  private RunConfig newConfig(Path root) {
    RunConfig config = training.config();
    if (!(checkpointSeconds >= 0)) {
      throw new UsageException(
          "--checkpoint-seconds: " + checkpointSeconds + " given; at least 0 is needed");
    }
    if (Files.exists(RunFolder.config(root))) {
      throw new UsageException(
          "--out: "
              + root
              + " holds a run already; give --resume to go on with it, or another folder");
    }
    return config;
  }

  /** The configuration of the run in the folder, which the options given must not contradict. */
  private RunConfig storedConfig(Path root) {
    if (out == null) {
      throw new UsageException("--resume: --out with the folder of the run is needed");
    }
    Path file = RunFolder.config(root);
    if (!Files.isRegularFile(file)) {
      throw new UsageException("--resume: " + root + " holds no run; there is no " + file);
    }
    RunConfig stored = RunConfig.parse(file.toString(), RunFolder.read(file));
    RunConfig config = training.config();
    Map<String, String> given = new LinkedHashMap<>();
    for (ArgSpec option :
        Objects.requireNonNull(spec).commandLine().getParseResult().matchedOptionsSet()) {
      String name = ((OptionSpec) option).longestName().replaceFirst("^--", "");
      // A configuration does not hold the defaults of newer options.
      if (stored.options().has(name) || config.options().has(name)) {
        given.put(name, String.join(",", option.originalStringValues()));
      }
    }
    List<String> conflicts = config.conflicts(stored, given);
    if (!conflicts.isEmpty()) {
      throw new UsageException("--resume: " + String.join("; ", conflicts));
    }
    return stored;
  }

  private static void create(Path root, RunConfig config) {
    try {
      Files.createDirectories(root);
    } catch (IOException e) {
      throw new UsageException("--out: " + root + " cannot be made: " + e);
    }
    RunFolder.write(RunFolder.config(root), config + "\n");
  }
}
