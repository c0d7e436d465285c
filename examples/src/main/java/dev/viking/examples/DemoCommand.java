package dev.viking.examples;

import dev.viking.torch.Threads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code viking demo}. */
@Command(
    name = "demo",
    description = {
      "Draws VIKING's posterior of a 1-D regression and of the two moons, why the Laplace"
          + " approximation of a small network fails, and a walk along the kernel that leaves a"
          + " network as it is, in under a minute.",
      ""
    },
    sortOptions = false)
final class DemoCommand implements Callable<Integer> {
  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/demo",
      description = "Folder for the pictures; made if missing (default: ${DEFAULT-VALUE}).")
  Path out = Path.of("runs", "demo");

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "5",
      description = "Seed of data, network and samples (default: ${DEFAULT-VALUE}).")
  long seed;

  @Option(
      names = "--steps",
      paramLabel = "PERCENT",
      defaultValue = "100",
      description = "Training steps, in percent of the usual number (default: ${DEFAULT-VALUE}).")
  int steps;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Threads within one operator; the networks are too small for more"
              + " (default: ${DEFAULT-VALUE}).")
  int threads;

  private final Console console;

  DemoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (steps < 1 || threads < 1) {
      throw new UsageException(
          "--steps is " + steps + " and --threads " + threads + "; at least 1 is needed");
    }
    Threads.set(threads);
    try {
      Files.createDirectories(out);
    } catch (IOException e) {
      throw new UsageException("--out: " + out + " cannot be made: " + e);
    }
    try (Interrupts interrupts = Interrupts.listen();
        Progress progress = new Progress(console)) {
      List<Path> pictures =
          List.of(
              new RegressionDemo(seed, steps, progress, interrupts)
                  .draw(out.resolve("regression.png")),
              new MoonsDemo(seed, steps, progress, interrupts).draw(out.resolve("two-moons.png")),
              new LaplaceDemo(seed, steps, progress, interrupts).draw(out.resolve("laplace.png")),
              ReparametrisationDemo.draw(out.resolve("reparametrisation.png")));
      progress.end();
      pictures.forEach(picture -> console.out().println(picture.toAbsolutePath().normalize()));
      return 0;
    } catch (InterruptedRunException e) {
      return Main.INTERRUPTED;
    }
  }
}
