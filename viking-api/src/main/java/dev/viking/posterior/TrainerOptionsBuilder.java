package dev.viking.posterior;

import dev.viking.nn.Optimizer;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import java.util.function.DoubleFunction;

/**
 * Builds {@link TrainerOptions}: each method sets the option of its name, whose meaning is told
 * there, and returns this builder. Made by {@link TrainerOptions#exact} and {@link
 * TrainerOptions#paper}. For one thread.
 */
public final class TrainerOptionsBuilder {
  private long seed = 42;
  private int batchSize = 32;
  private int mleEpochs = 5;
  private int sigmaEpochs = 5;
  private int elboEpochs = 50;
  private double mleLearningRate = 1e-3;
  private double sigmaLearningRate = 1e-3;
  private double elboLearningRate = 1e-3;
  private double mlePriorPrecision = 0;
  private int samples = 1;
  private int sigmaSamples = 1;
  private double gamma = 0.2;
  private int alternatingPasses = 1;
  private int alternatingBlock = 0;
  private double logPrecision = 4;
  private double logScaleImage = -2;
  private double logScaleKernel = Double.NaN;
  private ScaleOptions scales = ScaleOptions.paper();
  private int projectionBatch = 0;
  private LearningRateSchedule schedule = LearningRateSchedule.CONSTANT;
  private ElboOptions elbo;
  private int recordEvery = 1;
  private DType dtype = DType.FLOAT32;
  private Device device = Device.CPU;
  private DoubleFunction<Optimizer> optimizer = TrainerOptions::adam;

  TrainerOptionsBuilder(ElboOptions elbo) {
    this.elbo = elbo;
  }

  /**
   * Sets seed.
   *
   * @param value of everything random
   * @return this builder
   */
  public TrainerOptionsBuilder seed(long value) {
    this.seed = value;
    return this;
  }

  /**
   * Sets batchSize.
   *
   * @param value B, examples in a minibatch
   * @return this builder
   */
  public TrainerOptionsBuilder batchSize(int value) {
    this.batchSize = value;
    return this;
  }

  /**
   * Sets mleEpochs.
   *
   * @param value epochs of the first stage
   * @return this builder
   */
  public TrainerOptionsBuilder mleEpochs(int value) {
    this.mleEpochs = value;
    return this;
  }

  /**
   * Sets sigmaEpochs.
   *
   * @param value epochs of the second stage
   * @return this builder
   */
  public TrainerOptionsBuilder sigmaEpochs(int value) {
    this.sigmaEpochs = value;
    return this;
  }

  /**
   * Sets elboEpochs.
   *
   * @param value epochs of the third stage
   * @return this builder
   */
  public TrainerOptionsBuilder elboEpochs(int value) {
    this.elboEpochs = value;
    return this;
  }

  /**
   * Sets mleLearningRate.
   *
   * @param value of the first stage
   * @return this builder
   */
  public TrainerOptionsBuilder mleLearningRate(double value) {
    this.mleLearningRate = value;
    return this;
  }

  /**
   * Sets sigmaLearningRate.
   *
   * @param value of the second stage
   * @return this builder
   */
  public TrainerOptionsBuilder sigmaLearningRate(double value) {
    this.sigmaLearningRate = value;
    return this;
  }

  /**
   * Sets elboLearningRate.
   *
   * @param value of the third stage
   * @return this builder
   */
  public TrainerOptionsBuilder elboLearningRate(double value) {
    this.elboLearningRate = value;
    return this;
  }

  /**
   * Sets mlePriorPrecision.
   *
   * @param value alpha of the first stage's prior, 0 for none
   * @return this builder
   */
  public TrainerOptionsBuilder mlePriorPrecision(double value) {
    this.mlePriorPrecision = value;
    return this;
  }

  /**
   * Sets samples.
   *
   * @param value Monte-Carlo samples of the third stage
   * @return this builder
   */
  public TrainerOptionsBuilder samples(int value) {
    this.samples = value;
    return this;
  }

  /**
   * Sets sigmaSamples.
   *
   * @param value Monte-Carlo samples of the second stage
   * @return this builder
   */
  public TrainerOptionsBuilder sigmaSamples(int value) {
    this.sigmaSamples = value;
    return this;
  }

  /**
   * Sets gamma.
   *
   * @param value of the stochastic alternating projections, from 0 to 1
   * @return this builder
   */
  public TrainerOptionsBuilder gamma(double value) {
    this.gamma = value;
    return this;
  }

  /**
   * Sets alternatingPasses.
   *
   * @param value passes of plain alternating projections before the second stage and each epoch of
   *     the third
   * @return this builder
   */
  public TrainerOptionsBuilder alternatingPasses(int value) {
    this.alternatingPasses = value;
    return this;
  }

  /**
   * Sets alternatingBlock.
   *
   * @param value examples in a block of these passes, 0 for the batch size
   * @return this builder
   */
  public TrainerOptionsBuilder alternatingBlock(int value) {
    this.alternatingBlock = value;
    return this;
  }

  /**
   * Sets logPrecision.
   *
   * @param value log alpha at the start
   * @return this builder
   */
  public TrainerOptionsBuilder logPrecision(double value) {
    this.logPrecision = value;
    return this;
  }

  /**
   * Sets logScaleImage.
   *
   * @param value log sigma_im at the start
   * @return this builder
   */
  public TrainerOptionsBuilder logScaleImage(double value) {
    this.logScaleImage = value;
    return this;
  }

  /**
   * Sets logScaleKernel.
   *
   * @param value log sigma_ker at the start, NaN for minus half of log alpha
   * @return this builder
   */
  public TrainerOptionsBuilder logScaleKernel(double value) {
    this.logScaleKernel = value;
    return this;
  }

  /**
   * Sets scales.
   *
   * @param value which scales there are and how alpha is trained
   * @return this builder
   */
  public TrainerOptionsBuilder scales(ScaleOptions value) {
    this.scales = value;
    return this;
  }

  /**
   * Sets projectionBatch.
   *
   * @param value examples whose Jacobian a step projects by, 0 for the minibatch alone
   * @return this builder
   */
  public TrainerOptionsBuilder projectionBatch(int value) {
    this.projectionBatch = value;
    return this;
  }

  /**
   * Sets schedule.
   *
   * @param value of the learning rate
   * @return this builder
   */
  public TrainerOptionsBuilder schedule(LearningRateSchedule value) {
    this.schedule = value;
    return this;
  }

  /**
   * Sets elbo.
   *
   * @param value the objective
   * @return this builder
   */
  public TrainerOptionsBuilder elbo(ElboOptions value) {
    this.elbo = value;
    return this;
  }

  /**
   * Sets recordEvery.
   *
   * @param value steps between records
   * @return this builder
   */
  public TrainerOptionsBuilder recordEvery(int value) {
    this.recordEvery = value;
    return this;
  }

  /**
   * Sets dtype.
   *
   * @param value element type of the parameters
   * @return this builder
   */
  public TrainerOptionsBuilder dtype(DType value) {
    this.dtype = value;
    return this;
  }

  /**
   * Sets device.
   *
   * @param value where to train
   * @return this builder
   */
  public TrainerOptionsBuilder device(Device value) {
    this.device = value;
    return this;
  }

  /**
   * Sets optimizer.
   *
   * @param value makes an optimiser with a learning rate
   * @return this builder
   */
  public TrainerOptionsBuilder optimizer(DoubleFunction<Optimizer> value) {
    this.optimizer = value;
    return this;
  }

  /**
   * Makes the options.
   *
   * @return the options
   * @throws dev.viking.torch.ArgumentException when a number is out of its range
   */
  public TrainerOptions build() {
    return new TrainerOptions(
        seed,
        batchSize,
        mleEpochs,
        sigmaEpochs,
        elboEpochs,
        mleLearningRate,
        sigmaLearningRate,
        elboLearningRate,
        mlePriorPrecision,
        samples,
        sigmaSamples,
        gamma,
        alternatingPasses,
        alternatingBlock,
        logPrecision,
        logScaleImage,
        logScaleKernel,
        scales,
        projectionBatch,
        schedule,
        elbo,
        recordEvery,
        dtype,
        device,
        optimizer);
  }
}
