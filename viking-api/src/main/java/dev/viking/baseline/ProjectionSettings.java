package dev.viking.baseline;

import dev.viking.internal.Arguments;
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
 * @param examples how many of the training examples samples are projected by, drawn anew for each
 *     draw; 0 for all of them. Training projects by a minibatch and what it remembers of others; by
 *     more than that, samples vary less than those that the scales were trained with
 */
public record ProjectionSettings(
    AlternatingOptions projection, Predictions predictions, int examples) {
  private static final String PREFIX = "draw.";
  private static final String EXAMPLES = "examples";
  private static final String MEMORY = "memoryBudget";

  /**
   * Checks that nothing is missing.
   *
   * @throws ArgumentException when the number of examples is negative
   */
  public ProjectionSettings {
    Objects.requireNonNull(projection, "projection");
    Objects.requireNonNull(predictions, "predictions");
    Arguments.atLeast("ProjectionSettings", "examples", examples, 0);
  }

  /**
   * Projected by all examples.
   *
   * @param projection the alternating projections
   * @param predictions how a sample predicts
   * @return the settings
   */
  public static ProjectionSettings of(AlternatingOptions projection, Predictions predictions) {
    return new ProjectionSettings(projection, predictions, 0);
  }

  /**
   * The same with samples projected by fewer examples.
   *
   * @param count how many, 0 for all
   * @return the settings
   */
  public ProjectionSettings withExamples(int count) {
    return new ProjectionSettings(projection, predictions, count);
  }

  /**
   * The same with another memory budget of the projections.
   *
   * @param bytes that blocks may hold
   * @return the settings
   */
  public ProjectionSettings withMemoryBudget(long bytes) {
    return new ProjectionSettings(projection.withMemoryBudget(bytes), predictions, examples);
  }

  /**
   * Adds the settings to a method's texts. The memory budget is among them only where it is not the
   * usual one, so that results of before it could be set are still of the same settings.
   */
  void describe(Map<String, String> texts) {
    texts.put(PREFIX + "jacobian", projection.jacobian().name());
    texts.put(PREFIX + "solver", SolverText.of(projection.solver()));
    texts.put(PREFIX + "block", Integer.toString(projection.blockSize()));
    texts.put(PREFIX + "cycles", Integer.toString(projection.cycles()));
    texts.put(PREFIX + "tolerance", Double.toString(projection.tolerance()));
    texts.put(PREFIX + "accelerated", Boolean.toString(projection.accelerated()));
    texts.put(PREFIX + "predictions", predictions.name());
    texts.put(PREFIX + EXAMPLES, Integer.toString(examples));
    if (projection.memoryBudget() != AlternatingOptions.DEFAULT_MEMORY_BUDGET) {
      texts.put(PREFIX + MEMORY, Long.toString(projection.memoryBudget()));
    }
  }

  /** Whether a setting is one of those that {@link #describe} adds. */
  static boolean describes(String hyperparameter) {
    return hyperparameter.startsWith(PREFIX);
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
                  Boolean.parseBoolean(description.hyperparameter(PREFIX + "accelerated")))
              .withMemoryBudget(
                  Long.parseLong(
                      description
                          .hyperparameters()
                          .getOrDefault(
                              PREFIX + MEMORY,
                              Long.toString(AlternatingOptions.DEFAULT_MEMORY_BUDGET)))),
          Predictions.valueOf(description.hyperparameter(PREFIX + "predictions")),
          // Files of before there was a choice have no such entry.
          Integer.parseInt(description.hyperparameters().getOrDefault(PREFIX + EXAMPLES, "0")));
    } catch (IllegalArgumentException e) {
      throw new ArgumentException(
          "Methods.load: the settings of the projection are not readable: " + e.getMessage());
    }
  }
}
