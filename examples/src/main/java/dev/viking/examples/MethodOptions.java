package dev.viking.examples;

import dev.viking.baseline.ProjectionSettings;
import dev.viking.posterior.AlternatingOptions;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.TrainerOptions;
import picocli.CommandLine.Option;

/** Options of {@code compare} that single methods have, beside those of VIKING's training. */
final class MethodOptions {
  @Option(
      names = "--members",
      defaultValue = "5",
      paramLabel = "N",
      description = "Networks of the deep ensemble (default: ${DEFAULT-VALUE}).")
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
      paramLabel = "N",
      description =
          "Images in a block of those cycles, 0 for the batch size (default: ${DEFAULT-VALUE}).")
  int drawBlock;

  @Option(
      names = "--draw-images",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Training images that VIKING's samples are projected by, picked anew for each draw, 0 for"
              + " all (default: ${DEFAULT-VALUE}).")
  int drawImages;

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
    if (drawBlock < 0 || drawImages < 0) {
      throw new UsageException(
          "--draw-block, --draw-images: %d and %d given; at least 0 is needed"
              .formatted(drawBlock, drawImages));
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
    return ProjectionSettings.of(
            AlternatingOptions.of(viking.elbo().jacobian(), viking.elbo().solver())
                .withBlockSize(drawBlock == 0 ? viking.batchSize() : drawBlock)
                .withCycles(drawCycles),
            predictions())
        .withExamples(drawImages);
  }

  private Predictions predictions() {
    return Choices.of("predictions", Predictions.class, predictions);
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
