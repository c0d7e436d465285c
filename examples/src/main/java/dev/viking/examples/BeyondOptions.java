package dev.viking.examples;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.posterior.LearningRateSchedule;
import dev.viking.posterior.PrecisionUpdate;
import dev.viking.posterior.ProjectionGradient;
import dev.viking.posterior.ScaleOptions;
import dev.viking.posterior.ScaleStart;
import dev.viking.posterior.TrainerOptionsBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Options of VIKING beyond the paper. A configuration holds only those that were changed, so that
 * the runs stored before there were such options are still the same runs.
 */
final class BeyondOptions {
  private static final String SCALES = "scales";
  private static final String PRECISION = "precision";
  private static final String START = "scale-start";
  private static final String SCHEDULE = "schedule";
  private static final String PROJECTION_GRADIENT = "projection-gradient";
  private static final String PROJECTION_BATCH = "projection-batch";

  /** Which scales there are. */
  private enum Scales {
    TIED,
    FREE,
    TIED_LAYERS,
    FREE_LAYERS
  }

  @Option(
      names = "--scales",
      paramLabel = "KIND",
      description =
          "tied: the kernel's deviation is the prior's, as in the paper. free: it is trained too."
              + " tied-layers, free-layers: the same with deviations of their own for each layer"
              + " (default: free; mode paper: tied).")
  @Nullable String scales;

  @Option(
      names = "--precision",
      defaultValue = "gradient",
      paramLabel = "gradient|each-step|each-epoch",
      description =
          "How the prior's precision is trained: by gradients, or by empirical Bayes after each"
              + " step or epoch (default: ${DEFAULT-VALUE}).")
  String precision = "gradient";

  @Option(
      names = "--scale-start",
      paramLabel = "given|curvature",
      description =
          "Where the scales start: at the paper's numbers, or at the optimum of the objective's"
              + " quadratic approximation (default: curvature; mode paper: given).")
  @Nullable String start;

  @Option(
      names = "--schedule",
      paramLabel = "constant|cosine|linear",
      description =
          "How the learning rates change over each stage (default: cosine; mode paper: constant).")
  @Nullable String schedule;

  @Option(
      names = "--projection-gradient",
      defaultValue = "exact",
      paramLabel = "exact|none",
      description =
          "The gradient through the projection. none: left out, which is faster and not the"
              + " gradient of the objective (default: ${DEFAULT-VALUE}).")
  String projectionGradient = "exact";

  @Option(
      names = "--projection-batch",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Images whose Jacobian a training step projects by, 0 for the minibatch alone"
              + " (default: ${DEFAULT-VALUE}).")
  int projectionBatch;

  /** Checks the options and writes those that differ from the paper's. */
  void write(ObjectNode node, Mode mode) {
    writeUnless(Scales.TIED, SCALES, scales, mode == Mode.EXACT ? Scales.FREE : Scales.TIED, node);
    writeUnless(PrecisionUpdate.GRADIENT, PRECISION, precision, PrecisionUpdate.GRADIENT, node);
    writeUnless(
        ScaleStart.GIVEN,
        START,
        start,
        mode == Mode.EXACT ? ScaleStart.CURVATURE : ScaleStart.GIVEN,
        node);
    writeUnless(
        LearningRateSchedule.CONSTANT,
        SCHEDULE,
        schedule,
        mode == Mode.EXACT ? LearningRateSchedule.COSINE : LearningRateSchedule.CONSTANT,
        node);
    writeUnless(
        ProjectionGradient.EXACT,
        PROJECTION_GRADIENT,
        projectionGradient,
        ProjectionGradient.EXACT,
        node);
    if (projectionBatch < 0) {
      throw new UsageException(
          "--projection-batch: " + projectionBatch + " given; at least 0 is needed");
    }
    if (projectionBatch > 0) {
      node.put(PROJECTION_BATCH, projectionBatch);
    }
  }

  /** Writes an option's value, or where none was given its default, unless it is the paper's. */
  private static <E extends Enum<E>> void writeUnless(
      E paper, String option, @Nullable String given, E otherwise, ObjectNode node) {
    E value = given == null ? otherwise : Choices.of(option, paper.getDeclaringClass(), given);
    if (value != paper) {
      node.put(option, Choices.key(value));
    }
  }

  /** Sets what a configuration holds. */
  static TrainerOptionsBuilder apply(JsonNode config, TrainerOptionsBuilder builder) {
    return builder
        .scales(
            scales(text(config, SCALES, "tied"), text(config, START, "given"))
                .withPrecision(
                    Choices.of(
                        PRECISION, PrecisionUpdate.class, text(config, PRECISION, "gradient"))))
        .schedule(
            Choices.of(SCHEDULE, LearningRateSchedule.class, text(config, SCHEDULE, "constant")))
        .projectionBatch(config.path(PROJECTION_BATCH).asInt(0));
  }

  /** The scales of the two options' values, alpha trained by gradients. */
  static ScaleOptions scales(String scales, String start) {
    Scales kind = Choices.of(SCALES, Scales.class, scales);
    return ScaleOptions.paper()
        .withKernelTied(kind == Scales.TIED || kind == Scales.TIED_LAYERS)
        .withPerLayer(kind == Scales.TIED_LAYERS || kind == Scales.FREE_LAYERS)
        .withStart(Choices.of(START, ScaleStart.class, start));
  }

  /** What a configuration says of the gradient through the projection. */
  static ProjectionGradient projectionGradient(JsonNode config) {
    // Configurations of before know computed and left out.
    String otherwise = config.path("no-gradient-through-projection").asBoolean() ? "none" : "exact";
    return Choices.of(
        PROJECTION_GRADIENT,
        ProjectionGradient.class,
        text(config, PROJECTION_GRADIENT, otherwise));
  }

  private static String text(JsonNode config, String name, String otherwise) {
    return config.path(name).asText(otherwise);
  }
}
