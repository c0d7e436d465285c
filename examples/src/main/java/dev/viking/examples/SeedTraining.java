package dev.viking.examples;

import dev.viking.baseline.BatchNorms;
import dev.viking.metrics.Classification;
import dev.viking.nn.Losses;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.Predictor;
import dev.viking.posterior.Stage;
import dev.viking.posterior.StepRecord;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainerState;
import dev.viking.posterior.TrainingListener;
import dev.viking.posterior.TrainingResult;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains one network, shows its progress, and writes checkpoints at the end of each epoch, at
 * intervals within it, and when the process is asked to end.
 */
final class SeedTraining implements TrainingListener {
  private final TrainingCheckpoint.Key key;
  private final RunFolder folder;
  private final TrainerOptions options;
  private final ImageSets sets;
  private final Sequential network;
  private final Progress progress;
  private final Interrupts interrupts;
  private final long nanosBetweenCheckpoints;
  private TrainingHistory history = new TrainingHistory();
  private double secondsBefore;
  private long startedAt;
  private long checkpointAt;
  private @Nullable String task;

  SeedTraining(
      TrainingCheckpoint.Key key,
      TrainerOptions options,
      RunFolder folder,
      ImageSets sets,
      Sequential network,
      double secondsBetweenCheckpoints,
      Progress progress,
      Interrupts interrupts) {
    this.key = key;
    this.options = options;
    this.folder = folder;
    this.sets = sets;
    this.network = network;
    this.progress = progress;
    this.interrupts = interrupts;
    this.nanosBetweenCheckpoints = (long) (secondsBetweenCheckpoints * 1e9);
  }

  /**
   * Trains to the end, from the folder's checkpoint if it is of this training.
   *
   * @param start where to start, [D], and what led there; null for the network's initialisation
   */
  TrainingResult run(@Nullable Start start) {
    startedAt = System.nanoTime();
    checkpointAt = startedAt;
    VikingTrainer trainer = new VikingTrainer(network, Losses.softmaxCrossEntropy(), options, this);
    ImageExamples data = sets.examples(sets.train(), options.device());
    try (Scope scope = Scope.open()) {
      TrainingCheckpoint saved = TrainingCheckpoint.read(folder.checkpoint(), key);
      TrainingResult result;
      if (saved == null && start != null) {
        history = start.origin().history();
        secondsBefore = start.origin().seconds();
        result = trainer.train(data, start.parameters());
      } else if (saved == null) {
        result = trainer.train(data);
      } else {
        history = saved.history();
        secondsBefore = saved.seconds();
        progress.say("going on from " + folder.checkpoint() + ", " + saved.place());
        result = trainer.resume(data, saved.state());
      }
      progress.end();
      if (!result.finished()) {
        interrupts.check();
      }
      return result.keepIn(scope);
    }
  }

  /**
   * Where a training starts.
   *
   * @param parameters [D]
   * @param origin what led there; its history and its time are the first of this training's
   */
  record Start(Tensor parameters, Posteriors.Origin origin) {}

  TrainingHistory history() {
    return history;
  }

  /** How long this training has taken so far, over all its resumptions. */
  double seconds() {
    return secondsBefore + (System.nanoTime() - startedAt) * 1e-9;
  }

  @Override
  public void onStep(StepRecord step) {
    history.add(step);
    show(name(step.stage()), (long) options.epochs(step.stage()) * step.stepsPerEpoch());
    progress.to((long) step.epoch() * step.stepsPerEpoch() + step.step() + 1, text(step));
  }

  private String name(Stage stage) {
    return switch (stage) {
      case MLE -> key.phase() == TrainingCheckpoint.Phase.MAP ? "MAP" : "MLE";
      case SIGMAS -> "scales";
      case ELBO -> "ELBO";
    };
  }

  private static String text(StepRecord step) {
    if (step.stage() == Stage.MLE) {
      return String.format(
          Locale.ROOT,
          "epoch %d  loss %.3f  %,.0f images/s",
          step.epoch() + 1,
          step.loss(),
          step.examplesPerSecond());
    }
    return String.format(
        Locale.ROOT,
        "epoch %d  loss %.2f  KL %.0f  rank %.0f  residual %.1e  s_ker %.4f  s_im %.4f  %,.0f"
            + " images/s",
        step.epoch() + 1,
        step.loss(),
        step.kl(),
        step.rank(),
        step.residual(),
        step.scaleKernel(),
        step.scaleImage(),
        step.examplesPerSecond());
  }

  private void show(String name, long steps) {
    if (!name.equals(task)) {
      progress.begin(name, steps);
      task = name;
    }
  }

  @Override
  public void onProjection(Stage stage, int epoch, int block, int blocks, double residual) {
    // Nothing has changed since the last checkpoint, so the run can be left here.
    interrupts.check();
    show("project " + (epoch + 1), blocks);
    progress.to(block, String.format(Locale.ROOT, "residual %.1e", residual));
  }

  @Override
  public void onEpochEnd(Stage stage, int epoch, KernelImagePosterior posterior) {
    if (stage == Stage.SIGMAS || sets.validation().count() == 0) {
      return;
    }
    try (Scope _ = Scope.open()) {
      ImageExamples data = sets.examples(sets.validation(), options.device());
      int[] all = IntStream.range(0, data.size()).toArray();
      // In training mode the statistics would be those of the validation images.
      Sequential predicting =
          key.phase() == TrainingCheckpoint.Phase.VIKING
              ? network
              : BatchNorms.estimated(
                  network, posterior.mean(), sets.examples(sets.train(), options.device()));
      Classification predictions =
          Classification.ofLogits(
              new Predictor(predicting, Predictions.SAMPLED)
                  .predict(posterior.mean(), data.select(all).inputs())
                  .outputs(),
              sets.validation().labelArray());
      history.add(
          new TrainingHistory.Validation(
              stage, epoch + 1, predictions.accuracy(), predictions.nll()));
    }
  }

  @Override
  public void onCheckpoint(TrainerState state) {
    TrainingCheckpoint.write(folder.checkpoint(), key, state, history, seconds());
    checkpointAt = System.nanoTime();
  }

  @Override
  public boolean wantsCheckpoint() {
    return System.nanoTime() - checkpointAt >= nanosBetweenCheckpoints;
  }

  @Override
  public boolean wantsStop() {
    return interrupts.requested();
  }
}
