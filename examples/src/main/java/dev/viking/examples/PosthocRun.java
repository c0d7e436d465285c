package dev.viking.examples;

import dev.viking.nn.Losses;
import dev.viking.nn.TorchScriptModel;
import dev.viking.posterior.AlternatingOptions;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.KlWeight;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.posterior.ProjectionGradient;
import dev.viking.posterior.SavedPosterior;
import dev.viking.posterior.Stage;
import dev.viking.posterior.StepRecord;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingData;
import dev.viking.posterior.TrainingListener;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Finds a posterior's scales around a given network, and evaluates both.
 *
 * @param options what else the command line says
 * @param fit how the scales are found
 * @param model the network
 * @param images how it takes images
 * @param sets the images
 * @param progress told what is done
 * @param interrupts asked between pieces of work
 */
record PosthocRun(
    PosthocCommand options,
    PosthocFit fit,
    TorchScriptModel model,
    ModuleImages images,
    ImageSets sets,
    Progress progress,
    Interrupts interrupts) {
  private static final int RECORDS_EVERY = 5;

  /** What came out. */
  record Outcome(
      Evaluation map,
      Evaluation viking,
      SeedResult.Scales scales,
      double fittingSeconds,
      double evaluationSeconds) {}

  Outcome run() {
    try (Scope _ = Scope.open()) {
      Tensor mean = model.initialParameters();
      checkOutputs(mean);
      long start = System.nanoTime();
      KernelImagePosterior posterior = fit(mean);
      long fitted = System.nanoTime();
      PosteriorSamples drawn = sample(posterior);
      save(posterior, drawn);
      // Nothing has read the test images up to here.
      Predictor predictor = new Predictor(model, Predictions.SAMPLED);
      Evaluation map = classify(inputs -> predictor.predict(mean, inputs));
      Evaluation viking = classify(inputs -> predictor.predict(posterior, drawn, inputs));
      return new Outcome(
          map,
          viking,
          new SeedResult.Scales(
              posterior.scaleKernel(), posterior.scaleImage(), drawn.kernelShare()),
          (fitted - start) * 1e-9,
          (System.nanoTime() - fitted) * 1e-9);
    }
  }

  /** The module itself is no part of the file: it is a program, in a file of its own. */
  private void save(KernelImagePosterior posterior, PosteriorSamples drawn) {
    Path file = options.out;
    if (file == null) {
      return;
    }
    SavedPosterior.of(posterior)
        .withSamples(drawn)
        .withTraining(
            Map.of(
                "module", String.valueOf(options.module),
                "data", sets.name(),
                "seed", Long.toString(options.seed),
                "scales", fit.kind(),
                "scale_start", Choices.key(fit.scales().start()),
                "sigma_epochs", Integer.toString(fit.epochs()),
                "beta", Double.toString(options.beta)))
        .write(file);
    progress.say("saved " + file);
  }

  private void checkOutputs(Tensor mean) {
    try (Scope _ = Scope.open()) {
      Tensor outputs = model.apply(mean, images.of(sets.train()).select(new int[] {0, 0}).inputs());
      int classes = 1 + Arrays.stream(sets.train().labelArray()).max().orElse(0);
      if (outputs.dim() != 2 || outputs.size(0) != 2 || outputs.size(1) < classes) {
        throw new UsageException(
            "--module: two images give outputs of shape "
                + Arrays.toString(outputs.shape())
                + "; [2, "
                + classes
                + "] or more classes needed");
      }
    }
  }

  private KernelImagePosterior fit(Tensor mean) {
    TrainerOptions training =
        TrainerOptions.exact()
            .seed(options.seed)
            .batchSize(options.batchSize)
            .mleEpochs(0)
            .sigmaEpochs(fit.epochs())
            .elboEpochs(0)
            .sigmaLearningRate(options.sigmaLearningRate)
            .sigmaSamples(options.sigmaSamples)
            .logPrecision(fit.logPrecision())
            .logScaleImage(fit.logScaleImage())
            .scales(fit.scales())
            .elbo(
                ElboOptions.exact()
                    .withMemoryLimit(fit.memoryLimit())
                    .withKlWeight(KlWeight.relativeTo(options.beta))
                    .withProjectionGradient(ProjectionGradient.NONE))
            .recordEvery(RECORDS_EVERY)
            .device(images.device())
            .build();
    VikingTrainer trainer =
        new VikingTrainer(model, Losses.softmaxCrossEntropy(), training, new Watcher());
    var result = trainer.train(images.of(sets.train()), mean);
    progress.end();
    if (!result.finished()) {
      interrupts.check();
    }
    return result.posterior();
  }

  private PosteriorSamples sample(KernelImagePosterior posterior) {
    TrainingData data = images.of(sets.train());
    AlternatingProjections projections =
        new AlternatingProjections(
            model,
            Losses.softmaxCrossEntropy(),
            AlternatingOptions.of(JacobianKind.LOSS, ElboOptions.exact().solver())
                .withBlockSize(options.batchSize)
                .withMemoryBudget(fit.memoryLimit()));
    SamplingWatch listener = new SamplingWatch(progress, interrupts);
    try (Rng rng = Rng.seeded(options.seed + Evaluator.SAMPLE_STREAM, images.device())) {
      return projections.sample(posterior, data, options.samples, rng, listener);
    } finally {
      progress.end();
    }
  }

  private Evaluation classify(Function<Tensor, PredictiveSamples> prediction) {
    TrainingData data = images.of(sets.test());
    progress.begin("testing", ImagePredictions.chunks(data));
    Evaluation evaluation =
        Evaluation.of(
            new ImagePredictions(data, sets.test().labelArray(), interrupts)
                .classify(prediction, done -> progress.to(done, "")));
    progress.end();
    return evaluation;
  }

  /** Shows how the scales move. */
  private final class Watcher implements TrainingListener {
    private boolean begun;

    @Override
    public void onStep(StepRecord step) {
      if (!begun) {
        begun = true;
        progress.begin("scales", (long) fit.epochs() * step.stepsPerEpoch());
      }
      progress.to(
          (long) step.epoch() * step.stepsPerEpoch() + step.step() + 1,
          String.format(
              Locale.ROOT,
              "loss %.2f  KL %.0f  rank %.0f  residual %.1e  s_ker %.4f  s_im %.4f",
              step.loss(),
              step.kl(),
              step.rank(),
              step.residual(),
              step.scaleKernel(),
              step.scaleImage()));
    }

    @Override
    public void onProjection(Stage stage, int epoch, int block, int blocks, double residual) {
      interrupts.check();
    }

    @Override
    public boolean wantsStop() {
      return interrupts.requested();
    }
  }
}
