package dev.viking.posterior;

import dev.viking.internal.Arguments;
import dev.viking.nn.Adam;
import dev.viking.nn.Optimizer;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import java.util.Objects;
import java.util.function.DoubleFunction;

/**
 * How a posterior is trained; immutable. The defaults of {@link #exact} and {@link #paper} are
 * those of the authors' image classification experiments (stages of 5, 5 and 50 epochs, batches of
 * 32, Adam at 0.001, gamma 0.2, one Monte-Carlo sample, log alpha 4 and log sigma_im -2 at the
 * start); the two differ in {@link ElboOptions} and in the scale stage's samples.
 *
 * @param seed of everything random
 * @param batchSize B; a last minibatch that is not full is left out, and a data set smaller than B
 *     is one minibatch
 * @param mleEpochs epochs of the first stage
 * @param sigmaEpochs epochs of the second stage
 * @param elboEpochs epochs of the third stage
 * @param mleLearningRate of the first stage
 * @param sigmaLearningRate of the second stage
 * @param elboLearningRate of the third stage
 * @param mlePriorPrecision alpha of the first stage's prior, 0 for none
 * @param samples S, Monte-Carlo samples of the third stage
 * @param sigmaSamples Monte-Carlo samples of the second stage
 * @param gamma of the stochastic alternating projections
 * @param alternatingPasses passes of plain alternating projections before the second stage and each
 *     epoch of the third
 * @param alternatingBlock examples in a block of these passes, 0 for the batch size
 * @param logPrecision log alpha at the start
 * @param logScaleImage log sigma_im at the start
 * @param logScaleKernel log sigma_ker at the start where it is not tied to alpha; NaN stands for
 *     the tied value
 * @param scales which scales there are and how alpha is trained
 * @param projectionBatch examples whose Jacobian a step projects by, the minibatch and those that
 *     follow it; 0 for the minibatch alone
 * @param schedule of the learning rate, in each stage over its own steps
 * @param elbo the objective
 * @param recordEvery steps between records; each record waits for the device
 * @param dtype element type of the parameters
 * @param device where to train
 * @param optimizer makes an optimiser with a learning rate; each stage gets a fresh one
 */
public record TrainerOptions(
    long seed,
    int batchSize,
    int mleEpochs,
    int sigmaEpochs,
    int elboEpochs,
    double mleLearningRate,
    double sigmaLearningRate,
    double elboLearningRate,
    double mlePriorPrecision,
    int samples,
    int sigmaSamples,
    double gamma,
    int alternatingPasses,
    int alternatingBlock,
    double logPrecision,
    double logScaleImage,
    double logScaleKernel,
    ScaleOptions scales,
    int projectionBatch,
    LearningRateSchedule schedule,
    ElboOptions elbo,
    int recordEvery,
    DType dtype,
    Device device,
    DoubleFunction<Optimizer> optimizer) {
  private static final double RECOMMENDED_KL_WEIGHT = 0.02;

  /**
   * Checks the options.
   *
   * @throws dev.viking.torch.ArgumentException when a number is out of its range
   */
  public TrainerOptions {
    String here = "TrainerOptions";
    Arguments.atLeast(here, "batchSize", batchSize, 1);
    Arguments.atLeast(here, "mleEpochs", mleEpochs, 0);
    Arguments.atLeast(here, "sigmaEpochs", sigmaEpochs, 0);
    Arguments.atLeast(here, "elboEpochs", elboEpochs, 0);
    Arguments.within(here, "mleLearningRate", mleLearningRate, Double.MIN_NORMAL, 1e6);
    Arguments.within(here, "sigmaLearningRate", sigmaLearningRate, Double.MIN_NORMAL, 1e6);
    Arguments.within(here, "elboLearningRate", elboLearningRate, Double.MIN_NORMAL, 1e6);
    Arguments.within(here, "mlePriorPrecision", mlePriorPrecision, 0, Double.MAX_VALUE);
    Arguments.atLeast(here, "samples", samples, 1);
    Arguments.atLeast(here, "sigmaSamples", sigmaSamples, 1);
    Arguments.within(here, "gamma", gamma, 0, 1);
    Arguments.atLeast(here, "alternatingPasses", alternatingPasses, 0);
    Arguments.atLeast(here, "alternatingBlock", alternatingBlock, 0);
    Arguments.within(here, "logPrecision", logPrecision, -100, 100);
    Arguments.within(here, "logScaleImage", logScaleImage, -100, 100);
    if (!Double.isNaN(logScaleKernel)) {
      Arguments.within(here, "logScaleKernel", logScaleKernel, -100, 100);
    }
    Arguments.atLeast(here, "projectionBatch", projectionBatch, 0);
    Arguments.atLeast(here, "recordEvery", recordEvery, 1);
    Objects.requireNonNull(scales, "scales");
    Objects.requireNonNull(schedule, "schedule");
    Objects.requireNonNull(elbo, "elbo");
    Objects.requireNonNull(dtype, "dtype");
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(optimizer, "optimizer");
    if (scales.perLayer() && elbo.rankEstimator() != RankEstimator.EXACT) {
      throw new ArgumentException(
          "TrainerOptions: scales are per layer and elbo.rankEstimator is "
              + elbo.rankEstimator()
              + "; EXACT is needed for them");
    }
  }

  /**
   * Exact mode, to be changed by the builder's methods.
   *
   * @return a builder with the defaults and {@link ElboOptions#exact}
   */
  public static TrainerOptionsBuilder exact() {
    return new TrainerOptionsBuilder(ElboOptions.exact());
  }

  /**
   * What a study on validation images chose (docs/explanation/beyond-the-paper.md): exact mode with
   * sigma_ker untied from alpha, the scales' start in closed form instead of a stage for them, the
   * learning rate along a cosine, and a fiftieth of the unbiased KL weight. To be changed by the
   * builder's methods; how long the stages are, and the KL weight, depend on the data: a small
   * weight gives narrow posteriors close to the network, a large one costs accuracy where there is
   * little data.
   *
   * @return a builder with these
   */
  public static TrainerOptionsBuilder recommended() {
    return new TrainerOptionsBuilder(
            ElboOptions.exact().withKlWeight(KlWeight.relativeTo(RECOMMENDED_KL_WEIGHT)))
        .scales(ScaleOptions.paper().withKernelTied(false).withStart(ScaleStart.CURVATURE))
        .schedule(LearningRateSchedule.COSINE)
        .sigmaEpochs(0);
  }

  /**
   * Paper mode, to be changed by the builder's methods.
   *
   * @return a builder with the defaults, {@link ElboOptions#paper} and five samples in the scale
   *     stage, as the authors ran it
   */
  public static TrainerOptionsBuilder paper() {
    return new TrainerOptionsBuilder(ElboOptions.paper()).sigmaSamples(5);
  }

  /**
   * How many epochs a stage has.
   *
   * @param stage the stage
   * @return its epochs
   */
  public int epochs(Stage stage) {
    return switch (stage) {
      case MLE -> mleEpochs;
      case SIGMAS -> sigmaEpochs;
      case ELBO -> elboEpochs;
    };
  }

  /**
   * A fresh optimiser for a stage.
   *
   * @param stage the stage
   * @return the optimiser, to be closed by the caller
   */
  public Optimizer newOptimizer(Stage stage) {
    return optimizer.apply(learningRate(stage));
  }

  /**
   * The learning rate of a stage, before its schedule.
   *
   * @param stage the stage
   * @return its learning rate
   */
  public double learningRate(Stage stage) {
    return switch (stage) {
      case MLE -> mleLearningRate;
      case SIGMAS -> sigmaLearningRate;
      case ELBO -> elboLearningRate;
    };
  }

  /**
   * Examples in a block of alternating projections.
   *
   * @return the option, or the batch size where it is 0
   */
  public int blockSize() {
    return alternatingBlock == 0 ? batchSize : alternatingBlock;
  }

  /**
   * Examples whose Jacobian a step projects by.
   *
   * @param dataSize N
   * @return the option, at least the batch size and at most N
   */
  public int projectionExamples(int dataSize) {
    return Math.min(Math.max(projectionBatch, batchSize), dataSize);
  }

  /**
   * log sigma_ker at the start.
   *
   * @return the option, or half of minus log alpha where it is NaN
   */
  public double startOfLogScaleKernel() {
    return Double.isNaN(logScaleKernel) ? -0.5 * logPrecision : logScaleKernel;
  }

  /**
   * These options, to be changed.
   *
   * @return a builder that starts from them
   */
  public TrainerOptionsBuilder toBuilder() {
    return new TrainerOptionsBuilder(elbo)
        .seed(seed)
        .batchSize(batchSize)
        .mleEpochs(mleEpochs)
        .sigmaEpochs(sigmaEpochs)
        .elboEpochs(elboEpochs)
        .mleLearningRate(mleLearningRate)
        .sigmaLearningRate(sigmaLearningRate)
        .elboLearningRate(elboLearningRate)
        .mlePriorPrecision(mlePriorPrecision)
        .samples(samples)
        .sigmaSamples(sigmaSamples)
        .gamma(gamma)
        .alternatingPasses(alternatingPasses)
        .alternatingBlock(alternatingBlock)
        .logPrecision(logPrecision)
        .logScaleImage(logScaleImage)
        .logScaleKernel(logScaleKernel)
        .scales(scales)
        .projectionBatch(projectionBatch)
        .schedule(schedule)
        .recordEvery(recordEvery)
        .dtype(dtype)
        .device(device)
        .optimizer(optimizer);
  }

  static Optimizer adam(double learningRate) {
    return new Adam(learningRate);
  }
}
