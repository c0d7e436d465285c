package dev.viking.baseline;

import dev.viking.nn.Model;
import dev.viking.posterior.MapTrainer;
import dev.viking.posterior.ScaleOptions;
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
 * The most probable parameters: Adam on the mean loss, with a Gaussian prior or none.
 *
 * <p>Batch norms train with each batch's statistics; those that the model then predicts with are
 * estimated from the training data.
 *
 * @param name what tables call it
 * @param options how to train; only the first stage counts, and seed, type and device are the
 *     context's
 */
public record MapEstimate(String name, TrainerOptions options) implements Method {
  // Those of the options that the first stage looks at: other settings of VIKING leave the network
  // as it is.
  private static final Set<String> COUNT =
      Set.of("batchSize", "mleEpochs", "mleLearningRate", "mlePriorPrecision", "schedule");

  /** Leaves only the first stage. */
  public MapEstimate {
    Objects.requireNonNull(name, "name");
    options = options.toBuilder().sigmaEpochs(0).elboEpochs(0).scales(ScaleOptions.paper()).build();
  }

  /**
   * The authors' point estimate: maximum likelihood, five epochs, Adam at 0.001, batches of 32.
   *
   * @return the method
   */
  public static MapEstimate paper() {
    return new MapEstimate("MAP, 5 epochs", TrainerOptions.exact().mleEpochs(5).build());
  }

  /**
   * A point estimate trained as long as VIKING in all its stages, with the same optimiser; see
   * {@link MapTrainer}.
   *
   * @param viking how VIKING is trained
   * @param priorPrecision alpha of the Gaussian prior, 0 for none
   * @return the method
   */
  public static MapEstimate asLongAs(TrainerOptions viking, double priorPrecision) {
    int epochs = viking.mleEpochs() + viking.sigmaEpochs() + viking.elboEpochs();
    return new MapEstimate(
        "MAP", viking.toBuilder().mleEpochs(epochs).mlePriorPrecision(priorPrecision).build());
  }

  @Override
  public Map<String, String> hyperparameters() {
    Map<String, String> texts = new LinkedHashMap<>();
    RecordTexts.of(options, Set.of("optimizer"))
        .forEach(
            (setting, text) -> {
              if (COUNT.contains(setting)) {
                texts.put(setting, text);
              }
            });
    texts.put("optimizer", Optimizers.name(options));
    return Collections.unmodifiableMap(texts);
  }

  @Override
  public PointPosterior fit(FitContext context) {
    TrainerOptions own =
        options.toBuilder()
            .seed(context.seed())
            .dtype(context.dtype())
            .device(context.device())
            .build();
    VikingTrainer trainer =
        new VikingTrainer(
            BatchNorms.training(context.model()), context.loss(), own, context.listener());
    try (Scope scope = Scope.open()) {
      Tensor start = context.initialMean();
      TrainingResult result =
          start == null ? trainer.train(context.data()) : trainer.train(context.data(), start);
      if (!result.finished()) {
        throw new FitStoppedException(name + ": stopped by the listener");
      }
      scope.keep(result.pointEstimate());
      Model model = BatchNorms.estimated(context.model(), result.pointEstimate(), context.data());
      return new PointPosterior(FitDescription.of(this, model), result.pointEstimate());
    }
  }
}
