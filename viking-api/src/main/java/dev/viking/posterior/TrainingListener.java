package dev.viking.posterior;

/**
 * Watches a training run; every method is called by the training thread, between steps. Tensors
 * handed in are borrowed for the duration of the call.
 */
public interface TrainingListener {

  /** Watches nothing. */
  TrainingListener NONE = new TrainingListener() {};

  /**
   * Called after recorded steps.
   *
   * @param step what the step did
   */
  default void onStep(StepRecord step) {}

  /**
   * Called after each block of the alternating projections at the start of an epoch.
   *
   * @param stage the stage
   * @param epoch its epoch
   * @param block blocks done
   * @param blocks blocks in a pass
   * @param residual the block's relative residual
   */
  default void onProjection(Stage stage, int epoch, int block, int blocks, double residual) {}

  /**
   * Called at the end of each epoch, for validation.
   *
   * @param stage the stage
   * @param epoch the epoch that ended, from 0
   * @param posterior the posterior as it is, borrowed
   */
  default void onEpochEnd(Stage stage, int epoch, KernelImagePosterior posterior) {}

  /**
   * Called at the end of each epoch after {@link #onEpochEnd}, after a step when {@link
   * #wantsCheckpoint} says so, and when the run stops early: the place to write a checkpoint.
   *
   * @param state all there is to go on from; its tensors are borrowed
   */
  default void onCheckpoint(TrainerState state) {}

  /**
   * Asked after every step.
   *
   * @return true for a checkpoint now
   */
  default boolean wantsCheckpoint() {
    return false;
  }

  /**
   * Asked after every step.
   *
   * @return true to stop the run here, after a last checkpoint
   */
  default boolean wantsStop() {
    return false;
  }
}
