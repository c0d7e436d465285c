package dev.viking.baseline;

import dev.viking.nn.Model;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Samples that are parameter vectors: sample s predicts f(theta_s, x). Each may have a model of its
 * own, with batch-norm statistics estimated for it.
 */
public final class ParameterDraw implements PosteriorDraw {
  private final List<Predictor> predictors;
  private final Tensor parameters;
  private final Map<String, Double> diagnostics;

  private ParameterDraw(List<? extends Model> models, Tensor parameters) {
    if (parameters.dim() != 2
        || parameters.size(0) == 0
        || parameters.size(1) != models.getFirst().layout().total()) {
      throw new ShapeException(
          "ParameterDraw: parameters have shape "
              + Arrays.toString(parameters.shape())
              + "; [S, "
              + models.getFirst().layout().total()
              + "] with S at least 1 is needed");
    }
    if (models.size() != 1 && models.size() != parameters.size(0)) {
      throw new ArgumentException(
          "ParameterDraw: "
              + models.size()
              + " models for "
              + parameters.size(0)
              + " samples; one for all or one for each is needed");
    }
    this.predictors =
        models.stream().map(model -> new Predictor(model, Predictions.SAMPLED)).toList();
    this.parameters = parameters;
    this.diagnostics = Map.of();
  }

  private ParameterDraw(ParameterDraw other, Map<String, Double> diagnostics) {
    this.predictors = other.predictors;
    this.parameters = other.parameters;
    this.diagnostics = Collections.unmodifiableMap(new LinkedHashMap<>(diagnostics));
  }

  /** The same samples, of which this is worth knowing. */
  ParameterDraw withDiagnostics(Map<String, Double> known) {
    return new ParameterDraw(this, known);
  }

  @Override
  public Map<String, Double> diagnostics() {
    return diagnostics;
  }

  /**
   * Samples of one model.
   *
   * @param model the network
   * @param parameters [S, D]; owned by the result
   * @return the samples
   * @throws ShapeException when the shape is another
   */
  public static ParameterDraw of(Model model, Tensor parameters) {
    return new ParameterDraw(List.of(model), parameters);
  }

  /**
   * Samples that have a model each.
   *
   * @param models S models of the same parameters
   * @param parameters [S, D]; owned by the result
   * @return the samples
   * @throws ShapeException when the shape is another
   * @throws ArgumentException when the numbers differ
   */
  public static ParameterDraw of(List<? extends Model> models, Tensor parameters) {
    if (models.isEmpty()) {
      throw new ArgumentException("ParameterDraw.of: models: none given; at least one is needed");
    }
    return new ParameterDraw(models, parameters);
  }

  @Override
  public int count() {
    return Math.toIntExact(parameters.size(0));
  }

  /**
   * The sampled parameters.
   *
   * @return [S, D], owned by this
   */
  public Tensor parameters() {
    return parameters;
  }

  @Override
  public PredictiveSamples predict(Tensor inputs) {
    try (Scope scope = Scope.open()) {
      List<Tensor> outputs = new ArrayList<>();
      for (int s = 0; s < count(); s++) {
        Predictor predictor = predictors.get(predictors.size() == 1 ? 0 : s);
        outputs.add(predictor.predict(parameters.select(0, s), inputs).outputs());
      }
      return new PredictiveSamples(scope.keep(Tensor.cat(outputs, 0)));
    }
  }

  @Override
  public List<Tensor> tensors() {
    return List.of(parameters);
  }
}
