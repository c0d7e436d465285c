package dev.viking.examples;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code viking guards}. */
@Command(
    name = "guards",
    description =
        "Prints the operators that libtorch differentiates wrongly under some nesting of"
            + " transforms, and what is done instead.")
final class GuardsCommand implements Callable<Integer> {
  private static final int WIDTH = 34;

  private final Console console;

  GuardsCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    for (String[] row : NativeText.guards()) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.length - 1; i++) {
        line.append(("%-" + WIDTH + "s ").formatted(row[i]));
      }
      console.out().println(line + row[row.length - 1]);
    }
    return 0;
  }
}
