package dev.viking.examples;

import dev.viking.baseline.ProjectionSettings;
import dev.viking.posterior.AlternatingOptions;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.TrainerOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of {@code compare} that single methods have, beside those of VIKING's training. */
final class MethodOptions {
  @Option(
      names = "--members",
      defaultValue = "5",
      paramLabel = "N",
      description =
          "Networks of the deep ensemble, posteriors of the mixtures (default: ${DEFAULT-VALUE}).")
  int members;

  @Option(
      names = "--draw-cycles",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "Cycles over the training images when VIKING's samples are drawn (default:"
              + " ${DEFAULT-VALUE}).")
  int drawCycles;

  @Option(
      names = "--draw-block",
      defaultValue = "0",
      paramLabel = "N|auto",
      description =
          "Images in a block of those cycles, 0 for the batch size, auto for what a model of the"
              + " cost chooses within --memory-limit (default: ${DEFAULT-VALUE}).")
  String drawBlock = "0";

  @Option(
      names = "--draw-accelerated",
      description =
          "End each of those cycles with a line search along the way it went, as Miani et al. do.")
  boolean drawAccelerated;

  @Option(
      names = "--draw-tolerance",
      defaultValue = "0",
      paramLabel = "X",
      description =
          "End the cycles after one that changed no sample by more than this share of its norm, 0"
              + " for never; for --draw-cycles above 1 (default: ${DEFAULT-VALUE}).")
  double drawTolerance;

  @Option(
      names = "--draw-images",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Training images that VIKING's samples are projected by, picked anew for each draw, 0 for"
              + " all (default: ${DEFAULT-VALUE}).")
  int drawImages;

  @Option(
      names = "--mixture-draw-images",
      paramLabel = "N",
      description =
          "The same for the members of VIKING's mixture, whose samples differ by their members"
              + " already (default: as --draw-images).")
  @Nullable Integer mixtureDrawImages;

  @Option(
      names = "--predictions",
      defaultValue = "sampled",
      paramLabel = "sampled|linearised",
      description =
          "How VIKING's samples predict, whatever they were trained with (default:"
              + " ${DEFAULT-VALUE}).")
  String predictions = "sampled";

  @Option(
      names = "--projection-cycles",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "Cycles over the training images of projection sampling (default: ${DEFAULT-VALUE}).")
  int projectionCycles;

  @Option(
      names = "--sgld-learning-rate",
      defaultValue = "0.1",
      paramLabel = "X",
      description =
          "Largest learning rate of SGLD, for the mean loss of a minibatch (default:"
              + " ${DEFAULT-VALUE}).")
  double sgldLearningRate;

  @Option(
      names = "--sgld-cycles",
      defaultValue = "4",
      paramLabel = "N",
      description = "Cycles of SGLD's learning rate (default: ${DEFAULT-VALUE}).")
  int sgldCycles;

  @Option(
      names = "--ivon-learning-rate",
      defaultValue = "0.1",
      paramLabel = "X",
      description = "Learning rate of IVON at its start (default: ${DEFAULT-VALUE}).")
  double ivonLearningRate;

  @Option(
      names = "--swag-epochs",
      defaultValue = "20",
      paramLabel = "N",
      description = "Epochs of SWAG's path after MAP (default: ${DEFAULT-VALUE}).")
  int swagEpochs;

  @Option(
      names = "--swag-learning-rate",
      defaultValue = "0.01",
      paramLabel = "X",
      description = "Learning rate of SWAG's path (default: ${DEFAULT-VALUE}).")
  double swagLearningRate;

  /** Checks the options. */
  MethodOptions checked() {
    require("--members", members, members >= 1);
    require("--draw-cycles", drawCycles, drawCycles >= 1);
    drawBlock(1);
    images("--draw-images", drawImages);
    images("--mixture-draw-images", mixtureDrawImages());
    if (!(drawTolerance >= 0 && drawTolerance <= 1)) {
      throw new UsageException(
          "--draw-tolerance: " + drawTolerance + " given; a number from 0 to 1 is needed");
    }
    if (drawTolerance > 0 && drawCycles == 1) {
      throw new UsageException(
          "--draw-tolerance: "
              + drawTolerance
              + " given with --draw-cycles 1; --draw-cycles of at least 2 is needed for it to end"
              + " them");
    }
    predictions();
    require("--projection-cycles", projectionCycles, projectionCycles >= 1);
    require("--sgld-cycles", sgldCycles, sgldCycles >= 1);
    require("--swag-epochs", swagEpochs, swagEpochs >= 1);
    rate("--sgld-learning-rate", sgldLearningRate);
    rate("--ivon-learning-rate", ivonLearningRate);
    rate("--swag-learning-rate", swagLearningRate);
    return this;
  }

  /** How VIKING draws and predicts. */
  ProjectionSettings draw(TrainerOptions viking) {
    return draw(viking, drawImages);
  }

  /** How each member of VIKING's mixture does. */
  ProjectionSettings mixtureDraw(TrainerOptions viking) {
    return draw(viking, mixtureDrawImages());
  }

  private int mixtureDrawImages() {
    return mixtureDrawImages == null ? drawImages : mixtureDrawImages;
  }

  private ProjectionSettings draw(TrainerOptions viking, int images) {
    return ProjectionSettings.of(
            AlternatingOptions.of(viking.elbo().jacobian(), viking.elbo().solver())
                .withBlockSize(drawBlock(viking.batchSize()))
                .withCycles(drawCycles)
                .withTolerance(drawTolerance)
                .withAcceleration(drawAccelerated)
                .withMemoryBudget(viking.elbo().memoryLimit()),
            predictions())
        .withExamples(images);
  }

  /** The block size as {@link AlternatingOptions} takes it, where 0 is for choosing by cost. */
  private int drawBlock(int batchSize) {
    if (drawBlock.equals("auto")) {
      return 0;
    }
    if (drawBlock.matches("\\d{1,9}")) {
      int size = Integer.parseInt(drawBlock);
      return size == 0 ? batchSize : size;
    }
    throw new UsageException(
        "--draw-block: "
            + drawBlock
            + " given; a number of images, 0 for the batch size, or auto is needed");
  }

  private Predictions predictions() {
    return Choices.of("predictions", Predictions.class, predictions);
  }

  private static void images(String option, int value) {
    if (value < 0) {
      throw new UsageException(option + ": " + value + " given; at least 0 is needed");
    }
  }

  private static void rate(String option, double value) {
    if (!(value > 0 && value < 1e3)) {
      throw new UsageException(option + ": " + value + " given; a number above 0 is needed");
    }
  }

  private static void require(String option, int value, boolean right) {
    if (!right) {
      throw new UsageException(option + ": " + value + " given; at least 1 is needed");
    }
  }
}
