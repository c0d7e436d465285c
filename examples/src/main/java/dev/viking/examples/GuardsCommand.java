package dev.viking.examples;

import dev.viking.torch.Libtorch;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code viking guards}. */
@Command(
    name = "guards",
    description =
        "Prints the operators that libtorch differentiates wrongly under some nesting of"
            + " transforms, and what is done instead.")
final class GuardsCommand implements Callable<Integer> {
  private final Console console;

  GuardsCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    for (Libtorch.Guard guard : Libtorch.guards()) {
      console
          .out()
          .printf(
              "%-42s %-26s %-24s %s%n",
              guard.operator(), guard.condition(), guard.action(), guard.reason());
    }
    return 0;
  }
}
