package dev.viking.baseline;

import dev.viking.posterior.AlternatingOptions;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.Predictions;
import dev.viking.torch.ArgumentException;
import java.util.Map;
import java.util.Objects;

/**
 * How a kernel-image posterior draws samples and predicts with them.
 *
 * @param projection the alternating projections over the data set
 * @param predictions how a sample predicts
 */
public record ProjectionSettings(AlternatingOptions projection, Predictions predictions) {
  private static final String PREFIX = "draw.";

  /** Checks that nothing is missing. */
  public ProjectionSettings {
    Objects.requireNonNull(projection, "projection");
    Objects.requireNonNull(predictions, "predictions");
  }

  /** Adds the settings to a method's texts. */
  void describe(Map<String, String> texts) {
    texts.put(PREFIX + "jacobian", projection.jacobian().name());
    texts.put(PREFIX + "solver", SolverText.of(projection.solver()));
    texts.put(PREFIX + "block", Integer.toString(projection.blockSize()));
    texts.put(PREFIX + "cycles", Integer.toString(projection.cycles()));
    texts.put(PREFIX + "tolerance", Double.toString(projection.tolerance()));
    texts.put(PREFIX + "accelerated", Boolean.toString(projection.accelerated()));
    texts.put(PREFIX + "predictions", predictions.name());
  }

  /** Reads what {@link #describe} wrote. */
  static ProjectionSettings of(FitDescription description) {
    try {
      return new ProjectionSettings(
          AlternatingOptions.of(
                  JacobianKind.valueOf(description.hyperparameter(PREFIX + "jacobian")),
                  SolverText.parse(description.hyperparameter(PREFIX + "solver")))
              .withBlockSize(Integer.parseInt(description.hyperparameter(PREFIX + "block")))
              .withCycles(Integer.parseInt(description.hyperparameter(PREFIX + "cycles")))
              .withTolerance(Double.parseDouble(description.hyperparameter(PREFIX + "tolerance")))
              .withAcceleration(
                  Boolean.parseBoolean(description.hyperparameter(PREFIX + "accelerated"))),
          Predictions.valueOf(description.hyperparameter(PREFIX + "predictions")));
    } catch (IllegalArgumentException e) {
      throw new ArgumentException(
          "Methods.load: the settings of the projection are not readable: " + e.getMessage());
    }
  }
}
