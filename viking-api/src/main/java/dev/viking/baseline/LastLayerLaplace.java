package dev.viking.baseline;

import dev.viking.internal.Arguments;
import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Map;
import java.util.Objects;

/**
 * The Laplace approximation of the last layer: a Gaussian around a trained network's last linear
 * layer, with the whole Hessian of the training loss in its parameters, in float64, and all other
 * parameters fixed (Daxberger et al. 2021, "Laplace Redux"; MacKay 1992).
 *
 * <p>Outputs are linear in that layer, so its generalised Gauss-Newton matrix is the Hessian, and
 * predictions need no linearisation: outputs are Gaussian for each input.
 *
 * @param name what tables call it
 * @param start the method whose point estimate it is put around
 * @param priorPrecision alpha of the layer's Gaussian prior; 0 to have it found by the evidence
 * @param predictions how outputs become probabilities
 */
public record LastLayerLaplace(
    String name, Method start, double priorPrecision, OutputDistribution predictions)
    implements Method {
  static final String PREDICTIONS = "predictions";

  /** How the Gaussian distribution of an input's outputs is used. */
  public enum OutputDistribution {
    /** Samples of the layer's parameters, so that outputs of different inputs belong together. */
    SAMPLED,
    /**
     * One prediction, the mean outputs divided by sqrt(1 + pi / 8 variance) each: the probit
     * approximation (MacKay 1992), for classifiers.
     */
    PROBIT
  }

  /**
   * Checks the settings.
   *
   * @throws ArgumentException when the precision is negative or not finite
   */
  public LastLayerLaplace {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(start, "start");
    Objects.requireNonNull(predictions, "predictions");
    Arguments.within("LastLayerLaplace", "priorPrecision", priorPrecision, 0, Double.MAX_VALUE);
  }

  /**
   * With the prior precision of the largest evidence, and samples.
   *
   * @param start the method whose point estimate it is put around
   * @return the method
   */
  public static LastLayerLaplace of(Method start) {
    return new LastLayerLaplace("last-layer Laplace", start, 0, OutputDistribution.SAMPLED);
  }

  /**
   * With the prior precision of the largest evidence, and the probit approximation.
   *
   * @param start the method whose point estimate it is put around
   * @return the method
   */
  public static LastLayerLaplace probit(Method start) {
    return new LastLayerLaplace("last-layer Laplace, probit", start, 0, OutputDistribution.PROBIT);
  }

  @Override
  public Method base() {
    return start;
  }

  @Override
  public Map<String, String> hyperparameters() {
    return RecordTexts.withStart(this, start);
  }

  /**
   * Puts a Gaussian around a network's last layer.
   *
   * @param context model, data, seed; an initial mean is the trained network
   * @return the Gaussian, in the caller's current scope
   * @throws ArgumentException when the model is no {@link dev.viking.nn.Sequential} that ends with
   *     a linear layer after others
   */
  @Override
  public LastLayerPosterior fit(FitContext context) {
    LastLayer.of(name, context.model());
    try (Scope scope = Scope.open()) {
      Tensor mean = context.start(start);
      Model model = BatchNorms.completed(context.model(), mean, context.data());
      LastLayer layer = LastLayer.of(name, model);
      context.stopIfWanted(name);
      Tensor hessian = LastLayerHessian.of(layer, context, mean, name);
      Tensor own = layer.own(mean);
      LastLayerEvidence evidence =
          LastLayerEvidence.of(hessian, own.dot(own).item(), priorPrecision);
      return new LastLayerPosterior(
              FitDescription.of(this, model),
              mean,
              evidence.factor(),
              Tensor.of(
                  Math.log(evidence.precision()),
                  evidence.effectiveParameters(),
                  evidence.logRatio()))
          .keepIn(scope);
    }
  }
}
