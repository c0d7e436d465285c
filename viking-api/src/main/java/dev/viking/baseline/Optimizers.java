package dev.viking.baseline;

import dev.viking.nn.Optimizer;
import dev.viking.posterior.Stage;
import dev.viking.posterior.TrainerOptions;

/** What the optimiser of a trainer is, as a text. */
final class Optimizers {
  private Optimizers() {}

  static String name(TrainerOptions options) {
    try (Optimizer optimizer = options.newOptimizer(Stage.MLE)) {
      return optimizer.getClass().getSimpleName();
    }
  }
}
