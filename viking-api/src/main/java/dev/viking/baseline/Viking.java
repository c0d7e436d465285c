package dev.viking.baseline;

import dev.viking.nn.Model;
import dev.viking.posterior.AlternatingOptions;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingResult;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * VIKING: the trainer of this library, and samples by alternating projections over the training
 * data.
 *
 * <p>Batch norms train with each batch's statistics in the first stage. Those of its end are
 * constants of the later stages and of all predictions: the objective's rows are gradients of
 * single examples, and with statistics of a batch there are none. With {@code batchExpectation} the
 * data term goes on with each batch's statistics, as in the authors' code, the constants are
 * estimated anew at the end, and each sample predicts with statistics of its own.
 *
 * @param name what tables call it
 * @param options how to train; seed, type, device and the steps between records are not among the
 *     method's settings
 * @param draw how samples are drawn and predict
 * @param batchExpectation whether batch norms in the data term use each batch's statistics
 */
public record Viking(
    String name, TrainerOptions options, ProjectionSettings draw, boolean batchExpectation)
    implements Method {
  // What the context sets, what changes nothing, and what has no text of its own.
  private static final Set<String> OMITTED =
      Set.of("seed", "dtype", "device", "recordEvery", "optimizer");

  /**
   * Checks that all fits.
   *
   * @throws ArgumentException when predictions are linearised with a batch's statistics
   */
  public Viking {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(options, "options");
    Objects.requireNonNull(draw, "draw");
    boolean sampled =
        options.elbo().predictions() == Predictions.SAMPLED
            && draw.predictions() == Predictions.SAMPLED;
    if (batchExpectation && !sampled) {
      throw new ArgumentException(
          "Viking: batchExpectation needs SAMPLED predictions in training and when predicting;"
              + " given "
              + options.elbo().predictions()
              + " and "
              + draw.predictions());
    }
  }

  /**
   * With samples as the authors draw them: one cycle over the data in blocks of the batch size,
   * with the objective's own solver, and predictions as the objective makes them.
   *
   * @param options how to train
   * @return the method
   */
  public static Viking of(TrainerOptions options) {
    return new Viking(
        "VIKING",
        options,
        ProjectionSettings.of(
            AlternatingOptions.of(options.elbo().jacobian(), options.elbo().solver())
                .withBlockSize(options.batchSize()),
            options.elbo().predictions()),
        false);
  }

  /**
   * Says what batch norms do in the data term.
   *
   * @param wanted true for each batch's statistics, false for the constants of the rows
   * @return a method that differs in this only
   */
  public Viking withBatchExpectation(boolean wanted) {
    return new Viking(name, options, draw, wanted);
  }

  @Override
  public Map<String, String> hyperparameters() {
    Map<String, String> texts = new LinkedHashMap<>(RecordTexts.of(options, OMITTED));
    texts.put("optimizer", Optimizers.name(options));
    draw.describe(texts);
    if (batchExpectation) {
      texts.put(KernelImageFit.BATCH_NORMS, KernelImageFit.OF_EACH_SAMPLE);
    }
    return Collections.unmodifiableMap(texts);
  }

  @Override
  public boolean isDrawSetting(String hyperparameter) {
    return ProjectionSettings.describes(hyperparameter);
  }

  @Override
  public FittedPosterior adopt(FittedPosterior fitted) {
    return fitted instanceof KernelImageFit fit
        ? new KernelImageFit(FitDescription.of(this, fit.description().model()), fit.posterior())
        : fitted;
  }

  /**
   * Trains.
   *
   * @param context model, data, seed; an initial mean is where the first stage starts
   * @return the posterior, in the caller's current scope
   */
  @Override
  public KernelImageFit fit(FitContext context) {
    TrainerOptions own =
        options.toBuilder()
            .seed(context.seed())
            .dtype(context.dtype())
            .device(context.device())
            .build();
    try (Scope scope = Scope.open()) {
      Model model = context.model();
      Tensor start = context.initialMean();
      if (BatchNorms.in(model)) {
        if (own.mleEpochs() > 0 || start == null) {
          PointPosterior first = new MapEstimate(name, options).fit(context);
          model = first.description().model();
          start = first.pointEstimate();
          own = own.toBuilder().mleEpochs(0).build();
        } else {
          model = BatchNorms.completed(model, start, context.data());
        }
      }
      VikingTrainer trainer = new VikingTrainer(model, context.loss(), own, context.listener());
      if (batchExpectation) {
        trainer = trainer.withDataModel(BatchNorms.training(model));
      }
      TrainingResult result =
          start == null ? trainer.train(context.data()) : trainer.train(context.data(), start);
      if (!result.finished()) {
        throw new FitStoppedException(name + ": stopped by the listener");
      }
      if (batchExpectation) {
        model = BatchNorms.estimated(model, result.posterior().mean(), context.data());
      }
      return new KernelImageFit(FitDescription.of(this, model), result.posterior()).keepIn(scope);
    }
  }
}
