package dev.viking.baseline;

import dev.viking.nn.Model;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Samples that are deviations from a mean: they predict with the network at mean + deviation, or
 * with the network linearised at the mean.
 */
public final class DeviationDraw implements PosteriorDraw {
  // A linearised pass takes all samples through the network at once.
  private static final int LINEARISED_AT_ONCE = 5000;
  private static final int SAMPLED_CHUNK = 500;

  private final Predictor predictor;
  private final Tensor mean;
  private final Tensor deviations;
  private final Map<String, Double> diagnostics;

  /**
   * Takes samples over.
   *
   * @param model the network
   * @param kind how a sample predicts
   * @param mean [D]; copied
   * @param deviations [S, D]; owned by this
   * @param diagnostics what is worth knowing about the samples
   * @throws ShapeException when a shape is another
   */
  public DeviationDraw(
      Model model,
      Predictions kind,
      Tensor mean,
      Tensor deviations,
      Map<String, Double> diagnostics) {
    long needed = model.layout().total();
    if (mean.dim() != 1
        || mean.size(0) != needed
        || deviations.dim() != 2
        || deviations.size(0) == 0
        || deviations.size(1) != needed) {
      throw new ShapeException(
          "DeviationDraw: mean has shape "
              + Arrays.toString(mean.shape())
              + " and deviations "
              + Arrays.toString(deviations.shape())
              + "; ["
              + needed
              + "] and [S, "
              + needed
              + "] with S at least 1 are needed");
    }
    long chunk =
        kind == Predictions.SAMPLED
            ? SAMPLED_CHUNK
            : Math.clamp(LINEARISED_AT_ONCE / deviations.size(0), 1, SAMPLED_CHUNK);
    this.predictor = new Predictor(model, kind, (int) chunk);
    this.mean = mean.cloneTensor();
    this.deviations = deviations;
    this.diagnostics = Collections.unmodifiableMap(new LinkedHashMap<>(diagnostics));
  }

  @Override
  public int count() {
    return Math.toIntExact(deviations.size(0));
  }

  /**
   * The samples less the mean.
   *
   * @return [S, D], owned by this
   */
  public Tensor deviations() {
    return deviations;
  }

  @Override
  public PredictiveSamples predict(Tensor inputs) {
    try (Scope scope = Scope.open()) {
      PredictiveSamples result = predictor.predictAround(mean, deviations, inputs);
      scope.keep(result.outputs());
      return result;
    }
  }

  @Override
  public Map<String, Double> diagnostics() {
    return diagnostics;
  }

  @Override
  public List<Tensor> tensors() {
    return List.of(mean, deviations);
  }
}
