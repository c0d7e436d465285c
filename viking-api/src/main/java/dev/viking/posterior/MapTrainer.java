package dev.viking.posterior;

import dev.viking.nn.Loss;
import dev.viking.nn.Model;

/**
 * Trains a point estimate for comparison, as long as a posterior is trained: with the same
 * optimiser, batch size and learning rate, for as many epochs as all three stages have together.
 */
public final class MapTrainer {
  private MapTrainer() {}

  /**
   * A trainer whose only stage is maximum likelihood (MAP with {@link
   * TrainerOptions#mlePriorPrecision}), of the length of all stages of the given options.
   *
   * @param model the network
   * @param loss the negative log-likelihood of one example
   * @param options how the posterior is trained
   * @param listener told about steps and epochs, writes checkpoints, may stop the run
   * @return the trainer; its result's point estimate is the answer
   */
  public static VikingTrainer asLongAs(
      Model model, Loss loss, TrainerOptions options, TrainingListener listener) {
    int epochs = options.mleEpochs() + options.sigmaEpochs() + options.elboEpochs();
    TrainerOptions mapOnly =
        options.toBuilder()
            .mleEpochs(epochs)
            .sigmaEpochs(0)
            .elboEpochs(0)
            .scales(ScaleOptions.paper())
            .build();
    return new VikingTrainer(model, loss, mapOnly, listener);
  }
}
