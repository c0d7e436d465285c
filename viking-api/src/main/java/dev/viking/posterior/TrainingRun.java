package dev.viking.posterior;

import dev.viking.nn.Gradients;
import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.nn.Optimizer;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One run of a trainer: what changes while it trains. Its tensors belong to the scope in which it
 * was made; the generator and the optimiser are closed with it.
 */
final class TrainingRun implements AutoCloseable {
  private final Model model;
  private final Loss loss;
  private final TrainerOptions options;
  private final TrainingListener listener;
  private final TrainingData data;
  private final StochasticAlternatingProjections chain;
  private final AlternatingProjections epochStart;
  private final Elbo elbo;
  private final Elbo scalesOnly;
  final KernelImagePosterior posterior;
  final Rng rng;
  Optimizer optimizer;
  @Nullable Tensor kernelSamples;
  @Nullable Tensor epochDraw;
  @Nullable Tensor mleMean;
  Stage stage = Stage.MLE;
  int epoch;
  int step;
  private long recordedAt = System.nanoTime();
  private int stepsSinceRecord;

  /** A run from the start, or from given parameters, or from a state. */
  TrainingRun(
      Model model,
      Model dataModel,
      Loss loss,
      TrainerOptions options,
      TrainingListener listener,
      TrainingData data,
      @Nullable Tensor initialMean,
      @Nullable TrainerState state) {
    this.model = model;
    this.loss = loss;
    this.options = options;
    this.listener = listener;
    this.data = data;
    this.rng = Rng.seeded(options.seed(), options.device());
    ElboOptions objective = options.elbo();
    this.chain = new StochasticAlternatingProjections(options.gamma());
    this.epochStart =
        new AlternatingProjections(
            model,
            loss,
            AlternatingOptions.of(objective.jacobian(), objective.solver())
                .withBlockSize(options.blockSize())
                .withCycles(options.alternatingPasses())
                .withMemoryBudget(Math.max(1, objective.memoryLimit())));
    this.elbo = new Elbo(model, dataModel, loss, objective, data.size());
    this.scalesOnly =
        new Elbo(
            model,
            dataModel,
            loss,
            objective.withProjectionGradient(ProjectionGradient.NONE),
            data.size());
    Optimizer first = null;
    try {
      if (state != null) {
        RunState.check(state, model, options);
        this.stage = state.stage();
        this.posterior = RunState.posterior(state, model, options);
      } else {
        Tensor mean =
            initialMean != null
                ? initialMean
                : model.initialise(rng, options.dtype(), options.device());
        this.posterior =
            withScales(
                mean,
                options.logPrecision(),
                options.logScaleImage(),
                options.startOfLogScaleKernel());
      }
      first = options.newOptimizer(stage);
      this.optimizer = first;
      if (state != null) {
        RunState.restore(this, state, options);
      }
    } catch (RuntimeException e) {
      rng.close();
      if (first != null) {
        first.close();
      }
      throw e;
    }
  }

  /** A posterior of the options' layout, with the same numbers for all groups. */
  private KernelImagePosterior withScales(
      Tensor mean, double logPrecision, double logScaleImage, double logScaleKernel) {
    ScaleLayout layout = options.scales().layout(model.layout());
    double[] image = new double[layout.count()];
    Arrays.fill(image, logScaleImage);
    double[] kernel = new double[layout.kernelTied() ? 0 : layout.count()];
    Arrays.fill(kernel, logScaleKernel);
    return KernelImagePosterior.of(mean, layout, logPrecision, image, kernel);
  }

  /** Runs to the end, or until the listener wants to stop. */
  TrainingResult run() {
    boolean going = true;
    while (going && !isOver()) {
      if (epoch >= options.epochs(stage)) {
        nextStage();
      } else {
        going = runEpoch();
      }
    }
    Tensor estimate = mleMean != null ? mleMean : posterior.mean().cloneTensor();
    return new TrainingResult(posterior, estimate, going);
  }

  private boolean isOver() {
    return stage == Stage.ELBO && epoch >= options.elboEpochs();
  }

  private void nextStage() {
    if (stage == Stage.MLE) {
      mleMean = posterior.mean().cloneTensor();
      if (options.scales().start() == ScaleStart.CURVATURE) {
        startFromCurvature();
      }
    }
    stage = stage == Stage.MLE ? Stage.SIGMAS : Stage.ELBO;
    epoch = 0;
    step = 0;
    optimizer.close();
    optimizer = options.newOptimizer(stage);
  }

  private void startFromCurvature() {
    try (Scope _ = Scope.open()) {
      CurvatureStart start =
          CurvatureStart.measure(model, loss, options, posterior.mean(), data, rng);
      KernelImagePosterior moved =
          withScales(
              posterior.mean(),
              start.logPrecision(),
              start.logScaleImage(),
              start.logScaleKernel());
      posterior.variables().copy_(moved.variables());
    }
  }

  /** Runs what is left of an epoch; false when the listener stopped it. */
  private boolean runEpoch() {
    EpochOrder order =
        new EpochOrder(options.seed(), stage, epoch, data.size(), options.batchSize());
    TrainingData seen = data.inEpoch(order.key());
    if (step == 0 && (stage == Stage.ELBO || (stage == Stage.SIGMAS && epoch == 0))) {
      startChain(seen);
    }
    recordedAt = System.nanoTime();
    stepsSinceRecord = 0;
    while (step < order.steps()) {
      TrainingStepEvent event = new TrainingStepEvent();
      event.begin();
      try (Scope _ = Scope.open()) {
        oneStep(seen, order);
      }
      if (event.shouldCommit()) {
        event.stage = stage.name();
        event.epoch = epoch;
        event.step = step;
        event.examples = order.batchSize();
        event.commit();
      }
      step++;
      boolean stop = listener.wantsStop();
      if (step < order.steps() && (stop || listener.wantsCheckpoint())) {
        checkpoint();
      }
      if (stop && step < order.steps()) {
        return false;
      }
    }
    listener.onEpochEnd(stage, epoch, posterior);
    epoch++;
    step = 0;
    checkpoint();
    return !listener.wantsStop() || isOver();
  }

  /** Draws standard normal samples and projects them through the data set. */
  private void startChain(TrainingData seen) {
    int count = stage == Stage.SIGMAS ? options.sigmaSamples() : options.samples();
    if (kernelSamples != null && epochDraw != null) {
      kernelSamples.close();
      epochDraw.close();
    }
    Tensor draw =
        StochasticAlternatingProjections.noise(
            rng, posterior.mean().expand(count, posterior.dimension()));
    Tensor kernel = draw.cloneTensor();
    AlternatingListener progress =
        listener.equals(TrainingListener.NONE)
            ? AlternatingListener.NONE
            : (pass, block, blocks, residual) ->
                listener.onProjection(stage, epoch, block, blocks, residual);
    epochStart.project(posterior.mean(), kernel, seen, progress);
    epochDraw = draw;
    kernelSamples = kernel;
  }

  private void oneStep(TrainingData seen, EpochOrder order) {
    TrainingData.Batch batch = seen.select(order.batch(step));
    stepsSinceRecord++;
    if (options.schedule() != LearningRateSchedule.CONSTANT) {
      double done = (double) epoch * order.steps() + step;
      double all = (double) options.epochs(stage) * order.steps();
      optimizer.setLearningRate(
          options.learningRate(stage) * options.schedule().factor(Math.min(1, done / all)));
    }
    boolean record = step % options.recordEvery() == 0 || step == order.steps() - 1;
    if (stage == Stage.MLE) {
      Gradients.Result result =
          Gradients.mean(model, loss, posterior.mean(), batch.inputs(), batch.targets());
      Tensor gradient = result.gradient();
      if (options.mlePriorPrecision() > 0) {
        gradient.addScaled_(posterior.mean(), options.mlePriorPrecision() / data.size());
      }
      optimizer.step(posterior.mean(), gradient);
      if (record) {
        record(Records.mle(this, result.value().item(), order.steps(), speed(order)));
      }
      return;
    }
    if (kernelSamples == null || epochDraw == null) {
      throw new IllegalStateException("the chain of kernel samples was not started");
    }
    StochasticAlternatingProjections.Draw draw = chain.next(kernelSamples, epochDraw, rng);
    Elbo objective = stage == Stage.SIGMAS ? scalesOnly : elbo;
    TrainingData.Batch projected =
        options.projectionBatch() > order.batchSize()
            ? seen.select(order.window(step, options.projectionBatch()))
            : batch;
    ElboResult result =
        objective.evaluate(posterior, batch, projected, draw.noise(), draw.imageBase());
    kernelSamples.copy_(result.kernelSamples());
    long dimension = posterior.dimension();
    PrecisionUpdate update = options.scales().precision();
    if (update != PrecisionUpdate.GRADIENT) {
      result.gradLogPrecision().fill_(0.0);
    }
    if (stage == Stage.SIGMAS) {
      long scales = posterior.scales().variables();
      optimizer.step(
          posterior.variables().narrow(0, dimension, scales),
          result.gradient().narrow(0, dimension, scales));
    } else {
      optimizer.step(posterior.variables(), result.gradient());
    }
    if (update == PrecisionUpdate.EACH_STEP
        || (update == PrecisionUpdate.EACH_EPOCH && step == order.steps() - 1)) {
      EmpiricalBayes.update(posterior, result.imageDimensions());
    }
    if (record) {
      record(Records.elbo(this, result, order, speed(order)));
    }
  }

  private double speed(EpochOrder order) {
    long now = System.nanoTime();
    double seconds = (now - recordedAt) * 1e-9;
    double examples = (double) stepsSinceRecord * order.batchSize();
    recordedAt = now;
    stepsSinceRecord = 0;
    return examples / seconds;
  }

  private void record(StepRecord record) {
    if (!Double.isFinite(record.loss())) {
      throw TrainingDivergedException.of(
          "VikingTrainer: the objective is "
              + record.loss()
              + " in stage "
              + stage
              + ", epoch "
              + epoch
              + ", step "
              + step
              + "; lower the learning rate, or go on from the last checkpoint with another seed",
          model,
          loss,
          posterior.mean(),
          data);
    }
    listener.onStep(record);
  }

  private void checkpoint() {
    try (Scope _ = Scope.open()) {
      listener.onCheckpoint(RunState.of(this, options));
    }
  }

  @Override
  public void close() {
    optimizer.close();
    rng.close();
  }
}
