package dev.viking.examples;

import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.BlockPlan;
import java.util.Locale;

/**
 * Shows how far the drawing of samples is, says once how it is done, and leaves it when the process
 * shall end.
 *
 * @param progress where to tell
 * @param interrupts when to stop
 */
record SamplingWatch(Progress progress, Interrupts interrupts) implements AlternatingListener {

  /** How the data was cut into blocks, and why. */
  static String text(BlockPlan plan) {
    return String.format(
        Locale.ROOT,
        "samples are projected by %,d blocks of %,d images: %s",
        plan.blocks(),
        plan.blockSize(),
        plan.reason());
  }

  @Override
  public void onPlan(BlockPlan plan) {
    progress.say(text(plan));
    progress.begin("sampling", plan.blocks());
  }

  @Override
  public void onJacobian(String form) {
    progress.line("Jacobian of a block: " + form);
  }

  @Override
  public void onBlock(int pass, int block, int blocks, double residual) {
    interrupts.check();
    progress.to(block, String.format(Locale.ROOT, "residual %.1e", residual));
  }
}
