package dev.viking.examples;

import com.fasterxml.jackson.core.JacksonException;
import dev.viking.bindings.NativeLibraryException;
import dev.viking.posterior.TrainingDivergedException;
import dev.viking.torch.VikingException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/**
 * The {@code viking} command line.
 *
 * <p>Exit codes: 0 when all went well, 2 when the input was at fault (one line on stderr says how),
 * 1 for anything else, 130 or 143 when interrupted.
 */
@Command(
    name = "viking",
    description = "Bayesian neural networks with VIKING on libtorch.",
    mixinStandardHelpOptions = true,
    version = "viking 0.1.0",
    synopsisSubcommandLabel = "COMMAND")
public final class Main {
  /** Exit code of an interrupted run, unless the signal's own prevails. */
  static final int INTERRUPTED = 130;

  private static final int WIDTH = 100;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of an error.")
  boolean stacktrace;

  private Main() {}

  /**
   * Runs the command line and ends the process.
   *
   * @param args command and options
   */
  public static void main(String[] args) {
    System.exit(run(Console.ofProcess(), args));
  }

  /** Runs the command line and returns the exit code. */
  static int run(Console console, String... args) {
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    line.addSubcommand(new TrainCommand(console));
    line.addSubcommand(new DemoCommand(console));
    line.addSubcommand(new EvaluateCommand(console));
    line.addSubcommand(new CompareCommand(console));
    line.addSubcommand(new PosthocCommand(console));
    line.addSubcommand(new InfoCommand(console));
    line.addSubcommand(new GuardsCommand(console));
    line.getSubcommands()
        .values()
        .forEach(each -> each.getCommandSpec().mixinStandardHelpOptions(true));
    line.setUsageHelpWidth(WIDTH);
    line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
    line.setParameterExceptionHandler((e, _) -> badOptions(console, e));
    line.setExecutionExceptionHandler(
        (e, command, _) -> failed(console, e, command.getCommandName(), main.stacktrace));
    if (args.length == 0) {
      line.usage(console.err());
      return CommandLine.ExitCode.USAGE;
    }
    return line.execute(args);
  }

  private static int badOptions(Console console, ParameterException e) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    console.err().println(command + ": " + oneLine(e) + "; see " + command + " --help");
    return CommandLine.ExitCode.USAGE;
  }

  private static int failed(Console console, Exception e, String command, boolean stacktrace) {
    if (e instanceof IllegalStateException && "Shutdown in progress".equals(e.getMessage())) {
      return INTERRUPTED;
    }
    boolean badInput =
        e instanceof UsageException
            || e instanceof UncheckedIOException
            || e instanceof JacksonException
            || (e instanceof VikingException && !(e instanceof TrainingDivergedException));
    String prefix = "viking " + command + ": ";
    if (e instanceof NativeLibraryException) {
      console.err().println(prefix + e.getMessage());
    } else if (badInput || e instanceof TrainingDivergedException) {
      console.err().println(prefix + oneLine(e));
    } else {
      console.err().println(prefix + "failed: " + e + "; --stacktrace tells where");
    }
    if (stacktrace) {
      e.printStackTrace(console.err());
    }
    return badInput ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
  }

  private static String oneLine(Exception e) {
    @Nullable String message = e.getMessage();
    return message == null ? e.toString() : message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
