package dev.viking.examples;

import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.TrainerOptions;
import dev.viking.torch.DType;

/** How the small problems of {@code viking demo} are trained. */
final class DemoOptions {
  private static final double LEARNING_RATE = 1e-2;

  private DemoOptions() {}

  /**
   * All data in every step, as in the authors' toy examples, so that an epoch is a step and nothing
   * is carried between minibatches.
   */
  static TrainerOptions fullBatch(
      long seed, int examples, int mleSteps, int elboSteps, int samples, ElboOptions elbo) {
    return TrainerOptions.exact()
        .seed(seed)
        .dtype(DType.FLOAT64)
        .batchSize(examples)
        .mleEpochs(mleSteps)
        .sigmaEpochs(0)
        .elboEpochs(elboSteps)
        .mleLearningRate(LEARNING_RATE)
        .elboLearningRate(LEARNING_RATE)
        .samples(samples)
        .gamma(0)
        .alternatingPasses(0)
        .logPrecision(0)
        .logScaleImage(-2)
        .elbo(elbo)
        .build();
  }
}
