package dev.viking.examples;

import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Shows how far a piece of work is: a bar on a terminal, elsewhere a line every few seconds. For
 * one thread.
 */
final class Progress implements AutoCloseable {
  private static final long NANOS_BETWEEN_LINES = 10_000_000_000L;
  private static final int MILLIS_BETWEEN_DRAWINGS = 250;

  private final PrintStream out;
  private final boolean terminal;
  private @Nullable ProgressBar bar;
  private String task = "";
  private String message = "";
  private long done;
  private long max;
  private long beganAt;
  private long linedAt;

  /** Progress of a command. */
  Progress(Console console) {
    this.out = console.err();
    this.terminal = console.terminal();
  }

  /** Starts a piece of work of so many steps; ends the one before. */
  void begin(String name, long steps) {
    end();
    task = name;
    message = "";
    done = 0;
    max = steps;
    beganAt = System.nanoTime();
    linedAt = beganAt;
    if (terminal) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(name)
              .setInitialMax(steps)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(MILLIS_BETWEEN_DRAWINGS)
              .setConsumer(new ConsoleProgressBarConsumer(out))
              .build();
    }
  }

  /** Tells how many steps are done, and what to say about them. */
  void to(long steps, String text) {
    done = steps;
    message = text;
    if (bar != null) {
      bar.stepTo(steps);
      bar.setExtraMessage(text);
    } else if (System.nanoTime() - linedAt >= NANOS_BETWEEN_LINES) {
      line();
    }
  }

  /** Ends the piece of work, if there is one. */
  void end() {
    if (bar != null) {
      bar.close();
      bar = null;
    } else if (!task.isEmpty() && done > 0) {
      line();
    }
    task = "";
  }

  /** Prints a line of its own. */
  void say(String text) {
    end();
    out.println(text);
  }

  /** Prints a line of its own, and goes on with the piece of work. */
  void line(String text) {
    if (bar == null) {
      out.println(text);
    } else {
      // Over the bar's line, which is drawn again below it.
      out.print("\r\033[K" + text + System.lineSeparator());
    }
  }

  private void line() {
    linedAt = System.nanoTime();
    out.println(
        String.format(
            Locale.ROOT,
            "%-9s %6d/%d  %4d s  %s",
            task,
            done,
            max,
            (linedAt - beganAt) / 1_000_000_000L,
            message));
  }

  /** Ends the piece of work, if there is one. */
  @Override
  public void close() {
    end();
  }
}
