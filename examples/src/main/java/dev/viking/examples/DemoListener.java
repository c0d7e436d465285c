package dev.viking.examples;

import dev.viking.posterior.Stage;
import dev.viking.posterior.StepRecord;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingListener;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Shows the progress of a small training, and leaves it when the process is asked to end. */
final class DemoListener implements TrainingListener {
  private final String name;
  private final TrainerOptions options;
  private final Progress progress;
  private final Interrupts interrupts;
  private @Nullable Stage shown;

  DemoListener(String name, TrainerOptions options, Progress progress, Interrupts interrupts) {
    this.name = name;
    this.options = options;
    this.progress = progress;
    this.interrupts = interrupts;
  }

  @Override
  public void onStep(StepRecord step) {
    interrupts.check();
    if (shown != step.stage()) {
      shown = step.stage();
      progress.begin(
          name + " " + step.stage(), (long) options.epochs(step.stage()) * step.stepsPerEpoch());
    }
    String text =
        step.stage() == Stage.MLE
            ? String.format(Locale.ROOT, "loss %.3f", step.loss())
            : String.format(
                Locale.ROOT,
                "loss %.2f  KL %.1f  rank %.0f  s_ker %.3f  s_im %.4f",
                step.loss(),
                step.kl(),
                step.rank(),
                step.scaleKernel(),
                step.scaleImage());
    progress.to((long) step.epoch() * step.stepsPerEpoch() + step.step() + 1, text);
  }
}
