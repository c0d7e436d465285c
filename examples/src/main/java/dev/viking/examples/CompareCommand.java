package dev.viking.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.baseline.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code viking compare}. */
@Command(
    name = "compare",
    description = {
      "Compares methods of inference on one set of images.",
      "",
      "Every method with every seed is a cell: fitted to the training images, then evaluated on the"
          + " test images, which nothing reads before. Writes into --out: fits/ and cells/ with one"
          + " file each, compare.json, table.md, pictures, and report.html with all of it. Run it"
          + " again with the same --out and it goes on where it was.",
      ""
    },
    sortOptions = false)
final class CompareCommand implements Callable<Integer> {
  private static final String USUAL = "map,viking,miani-loss,ensemble,sgld";

  @Option(
      names = "--methods",
      split = ",",
      defaultValue = USUAL,
      paramLabel = "NAME",
      description =
          "Which: map-short, map, viking, viking-mixture, miani-loss, miani-function, ensemble, sgld,"
              + " ivon, swag, swag-diagonal, multi-swag, laplace, laplace-probit (default:"
              + " ${DEFAULT-VALUE}).")
  List<String> names = List.of();

  @Mixin TrainingOptions training = new TrainingOptions();
  @Mixin MethodOptions methodOptions = new MethodOptions();
  @Mixin CommonOptions common = new CommonOptions();

  @Option(
      names = "--split",
      defaultValue = "test",
      paramLabel = "test|validation",
      description =
          "Which images are predicted. validation is for choosing among settings: then the test"
              + " images are not read at all, those of --ood neither (default: ${DEFAULT-VALUE}).")
  String split = "test";

  @Option(
      names = "--ood",
      split = ",",
      paramLabel = "NAME=DIR",
      description =
          "Folders like --data whose test images are none of the data's: how well does the"
              + " uncertainty tell?")
  Map<String, Path> outside = new LinkedHashMap<>();

  @Option(
      names = "--rotations",
      split = ",",
      paramLabel = "DEGREES",
      description = "Angles by which the images are turned for a curve, such as 0,15,30,45,60.")
  List<Double> rotations = List.of();

  @Option(
      names = "--parallel",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "Cells at the same time; 0 for as many as processors and memory allow. The numbers do not"
              + " depend on it (default: ${DEFAULT-VALUE}).")
  int parallel;

  @Option(
      names = "--out",
      defaultValue = "runs/compare",
      paramLabel = "DIR",
      description = "Folder for the results; made if missing (default: ${DEFAULT-VALUE}).")
  Path out = Path.of("runs", "compare");

  @Option(
      names = "--redo",
      description = "Replace results in --out that were made with other options.")
  boolean redo;

  @Option(
      names = "--json",
      description = "Print the results as JSON on stdout, and nothing else there.")
  boolean json;

  private final Console console;

  CompareCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    RunConfig config = training.config();
    methodOptions.checked();
    if (parallel < 0) {
      throw new UsageException("--parallel: " + parallel + " given; at least 0 is needed");
    }
    Map<String, Method> methods = methods(config);
    CompareSettings.Split predicted = Choices.of("split", CompareSettings.Split.class, split);
    common.apply();
    ImageSets sets =
        ImageSets.load(
            config.data().isEmpty() ? null : Path.of(config.data()),
            config.integer("limit"),
            config.augment());
    int parameters = Math.toIntExact(config.model().model(sets).layout().total());
    CompareSettings settings =
        new CompareSettings(
            config.model(),
            sets,
            CompareSettings.fingerprint(sets.train(), sets.validation()),
            predicted,
            config.integer("samples"),
            config.device(),
            outside,
            rotations);
    create(out);
    int cells = methods.size() * config.seeds().size();
    int side = Math.min(cells, Parallelism.of(parallel, common.threads, settings));
    try (Interrupts interrupts = Interrupts.listen();
        Progress progress = new Progress(console)) {
      progress.say(
          "%d methods, seeds %s, %s (%,d parameters) on %s: %,d images to train on; %d cells at the same time"
              .formatted(
                  methods.size(),
                  config.seeds(),
                  config.model(),
                  parameters,
                  sets.name(),
                  sets.train().count(),
                  side));
      CompareWatch watch = new CompareWatch(progress, interrupts);
      try {
        CompareRun.Outcome outcome =
            new CompareRun(
                    out,
                    methods,
                    known(config),
                    config.seeds(),
                    settings,
                    redo,
                    side,
                    common.threads,
                    watch)
                .run();
        progress.end();
        report(new CompareReport(settings, methods, outcome), config.seeds());
        return outcome.failures().isEmpty() ? 0 : 1;
      } catch (InterruptedRunException e) {
        progress.end();
        console.err().println("interrupted; the same command goes on where it was");
        return Main.INTERRUPTED;
      }
    }
  }

  private Map<String, Method> known(RunConfig config) {
    Map<String, Method> known = new LinkedHashMap<>();
    for (MethodChoice choice : MethodChoice.values()) {
      known.put(choice.key(), choice.method(config, methodOptions));
    }
    return known;
  }

  private Map<String, Method> methods(RunConfig config) {
    Map<String, Method> methods = new LinkedHashMap<>();
    for (String name : names) {
      MethodChoice choice = MethodChoice.of(name);
      if (methods.put(choice.key(), choice.method(config, methodOptions)) != null) {
        throw new UsageException("--methods: " + name + " is given twice in " + names);
      }
    }
    return methods;
  }

  private void report(CompareReport report, List<Long> seeds) {
    List<Path> pictures = new ComparePictures(out, report).write();
    ObjectNode all = report.json();
    RunFolder.write(out.resolve("compare.json"), all.toPrettyString() + "\n");
    RunFolder.write(out.resolve("table.md"), report.markdown());
    RunFolder.write(out.resolve("report.html"), report.html(seeds, pictures));
    if (json) {
      console.out().println(all.toPrettyString());
    } else {
      console.out().println();
      console.out().print(report.console());
      console.out().println();
      console
          .out()
          .println("results in " + out + "; all in one page: " + out.resolve("report.html"));
    }
  }

  private static void create(Path root) {
    for (String folder : List.of("cells", "fits")) {
      try {
        Files.createDirectories(root.resolve(folder));
      } catch (IOException e) {
        throw new UsageException("--out: " + root + " cannot be made: " + e);
      }
    }
  }
}
