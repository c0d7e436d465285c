package dev.viking.examples;

import dev.viking.baseline.Method;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.BlockPlan;
import dev.viking.posterior.Stage;
import dev.viking.posterior.StepRecord;
import dev.viking.posterior.TrainingListener;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Shows how far the cells of a comparison are, and hands on the wish to stop. May be used by
 * several threads.
 */
final class CompareWatch {
  private final Progress progress;
  private final Interrupts interrupts;
  private final Map<String, String> running = new LinkedHashMap<>();
  private final Set<String> said = new HashSet<>();
  private int done;
  private volatile boolean stopping;

  CompareWatch(Progress progress, Interrupts interrupts) {
    this.progress = progress;
    this.interrupts = interrupts;
  }

  Interrupts interrupts() {
    return interrupts;
  }

  /** Begins to show so many cells. */
  synchronized void begin(int cells) {
    progress.begin("cells", cells);
  }

  /** Prints a line of its own. */
  synchronized void say(String text) {
    progress.line(text);
  }

  private synchronized void sayOnce(String text) {
    if (said.add(text)) {
      say(text);
    }
  }

  /** What a cell is doing. */
  synchronized void show(String cell, String text) {
    running.put(cell, text);
    StringBuilder all = new StringBuilder();
    running.forEach(
        (name, doing) ->
            all.append(all.isEmpty() ? "" : " | ").append(name).append(": ").append(doing));
    progress.to(done, all.toString());
  }

  /** A cell is over. */
  synchronized void finished(String cell) {
    running.remove(cell);
    done++;
    progress.to(done, "");
  }

  /** Asks all cells to stop. */
  void stop() {
    stopping = true;
  }

  /** Whether cells shall stop. */
  boolean stopping() {
    return stopping || interrupts.requested();
  }

  /** Watches a fit of a cell. */
  TrainingListener fitting(String cell, Method method) {
    return new TrainingListener() {
      @Override
      public void onStep(StepRecord step) {
        show(
            cell,
            String.format(
                Locale.ROOT,
                "%s %s epoch %d step %d/%d loss %.3f",
                method.name(),
                step.stage(),
                step.epoch() + 1,
                step.step() + 1,
                step.stepsPerEpoch(),
                step.loss()));
      }

      @Override
      public void onProjection(Stage stage, int epoch, int block, int blocks, double residual) {
        interrupts.check();
        show(cell, method.name() + " projecting " + block + "/" + blocks);
      }

      @Override
      public boolean wantsStop() {
        return stopping();
      }
    };
  }

  /**
   * Watches the drawing of a cell's samples.
   *
   * @param cell the cell
   * @param method its method; how it draws is said once, whatever the seed
   */
  AlternatingListener drawing(String cell, String method) {
    return new AlternatingListener() {
      @Override
      public void onPlan(BlockPlan plan) {
        sayOnce(method + ": " + SamplingWatch.text(plan));
      }

      @Override
      public void onJacobian(String form) {
        sayOnce(method + ": Jacobian of a block: " + form);
      }

      @Override
      public void onBlock(int pass, int block, int blocks, double residual) {
        show(cell, "sampling, cycle " + (pass + 1) + ", " + block + "/" + blocks);
      }

      @Override
      public boolean wantsStop() {
        return stopping();
      }
    };
  }
}
