package dev.viking.baseline;

import dev.viking.nn.Model;
import dev.viking.posterior.AlternatingOptions;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingResult;
import dev.viking.posterior.VikingTrainer;
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
 * single examples, and with statistics of a batch there are none.
 *
 * @param name what tables call it
 * @param options how to train; seed, type, device and the steps between records are not among the
 *     method's settings
 * @param draw how samples are drawn and predict
 */
public record Viking(String name, TrainerOptions options, ProjectionSettings draw)
    implements Method {
  // What the context sets, what changes nothing, and what has no text of its own.
  private static final Set<String> OMITTED =
      Set.of("seed", "dtype", "device", "recordEvery", "optimizer");

  /** Checks that nothing is missing. */
  public Viking {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(options, "options");
    Objects.requireNonNull(draw, "draw");
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
            options.elbo().predictions()));
  }

  @Override
  public Map<String, String> hyperparameters() {
    Map<String, String> texts = new LinkedHashMap<>(RecordTexts.of(options, OMITTED));
    texts.put("optimizer", Optimizers.name(options));
    draw.describe(texts);
    return Collections.unmodifiableMap(texts);
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
      TrainingResult result =
          start == null ? trainer.train(context.data()) : trainer.train(context.data(), start);
      if (!result.finished()) {
        throw new FitStoppedException(name + ": stopped by the listener");
      }
      return new KernelImageFit(FitDescription.of(this, model), result.posterior()).keepIn(scope);
    }
  }
}
