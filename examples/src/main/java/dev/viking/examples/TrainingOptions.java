package dev.viking.examples;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options of {@code train} that decide what is computed; all of them go into the run's
 * configuration.
 */
final class TrainingOptions {
  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Folder with the four files of MNIST, Fashion-MNIST or a set packed like them, or with"
              + " CIFAR-10's binary version; gzip, xz or not packed (default: an embedded set of"
              + " drawn digits, 8,000 to train on).")
  @Nullable String data;

  @Option(
      names = "--model",
      defaultValue = "lenet",
      paramLabel = "lenet|mlp|resnet20",
      description =
          "The network: lenet for images of 28 x 28 in grey, resnet20 for 32 x 32 in color, mlp for"
              + " both (default: ${DEFAULT-VALUE}).")
  String model = "lenet";

  @Option(
      names = "--augment",
      defaultValue = "auto",
      paramLabel = "auto|none|shift|flip-shift|flip-crop",
      description =
          "How training images are changed at random, anew in each epoch. shift: moved by up to two"
              + " pixels. flip-shift: mirrored left to right before that. flip-crop: mirrored, and"
              + " a part of 80 to 100 %% of their area stretched to full size. auto: flip-crop in"
              + " color, none in grey (default: ${DEFAULT-VALUE}).")
  String augment = "auto";

  @Option(
      names = "--batch-norms",
      defaultValue = "constant",
      paramLabel = "constant|batch",
      description =
          "What batch norms do in the data term of VIKING's stages. constant: the statistics of the"
              + " end of the first stage, as in the projections. batch: each minibatch's own, as in"
              + " the authors' code, and each posterior sample predicts with statistics of its own"
              + " (default: ${DEFAULT-VALUE}).")
  String batchNorms = "constant";

  @Option(
      names = "--mode",
      defaultValue = "exact",
      paramLabel = "exact|paper",
      description =
          "exact: exact projection and rank, and the options below as a study chose them. paper:"
              + " ten steps of conjugate gradients and Hutchinson's rank, as the authors'"
              + " experiments, and their options (default: ${DEFAULT-VALUE}).")
  String mode = "exact";

  @Option(
      names = "--mle-epochs",
      defaultValue = "5",
      paramLabel = "N",
      description = "Epochs of maximum likelihood before VIKING (default: ${DEFAULT-VALUE}).")
  int mleEpochs;

  @Option(
      names = "--sigma-epochs",
      paramLabel = "N",
      description = "Epochs that train the scales alone (default: 0; mode paper: 2).")
  @Nullable Integer sigmaEpochs;

  @Option(
      names = "--epochs",
      defaultValue = "10",
      paramLabel = "N",
      description = "Epochs of the ELBO, mean and scales together (default: ${DEFAULT-VALUE}).")
  int epochs;

  @Option(
      names = "--batch-size",
      defaultValue = "32",
      paramLabel = "N",
      description =
          "Images in a minibatch and in a block of projections (default: ${DEFAULT-VALUE}).")
  int batchSize;

  @Option(
      names = {"--seed", "--seeds"},
      split = ",",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Seed; several, as in --seeds 0,1,2, are trained one after the other and reported as mean"
              + " +- standard deviation (default: ${DEFAULT-VALUE}).")
  List<Long> seeds = List.of(0L);

  @Option(
      names = "--samples",
      defaultValue = "100",
      paramLabel = "N",
      description = "Posterior samples of the evaluation (default: ${DEFAULT-VALUE}).")
  int samples;

  @Option(
      names = "--gamma",
      defaultValue = "0.2",
      paramLabel = "X",
      description =
          "How much of a sample the stochastic alternating projections carry to the next minibatch,"
              + " 0 to 1 (default: ${DEFAULT-VALUE}).")
  double gamma;

  @Option(
      names = "--beta",
      paramLabel = "X",
      description =
          "Weight of the KL divergence. Mode exact: a multiple of B/N, batch over training images;"
              + " 1 is the unbiased ELBO, less a cold posterior (default: 0.02; choose yours on"
              + " validation images). Mode paper: the weight itself, not divided by anything"
              + " (default: 0.01, as in the authors' experiments).")
  @Nullable Double beta;

  @Option(
      names = "--learning-rate",
      defaultValue = "0.001",
      paramLabel = "X",
      description = "Of Adam, for the mean (default: ${DEFAULT-VALUE}).")
  double learningRate;

  @Option(
      names = "--sigma-learning-rate",
      defaultValue = "0.01",
      paramLabel = "X",
      description = "Of Adam, while the scales train alone (default: ${DEFAULT-VALUE}).")
  double sigmaLearningRate;

  @Option(
      names = "--map-precision",
      defaultValue = "1",
      paramLabel = "X",
      description =
          "Precision of the Gaussian prior of the MAP network that VIKING is compared with"
              + " (default: ${DEFAULT-VALUE}).")
  double mapPrecision;

  @Option(
      names = "--limit",
      defaultValue = "0",
      paramLabel = "N",
      description = "Use only the first N training images, 0 for all (default: ${DEFAULT-VALUE}).")
  int limit;

  @Option(
      names = "--device",
      defaultValue = "cpu",
      paramLabel = "cpu|cuda:N",
      description = "Where to compute (default: ${DEFAULT-VALUE}).")
  String device = "cpu";

  @Mixin MemoryOption memory = new MemoryOption();
  @Mixin BeyondOptions beyond = new BeyondOptions();

  /** The options as a run's configuration, checked. */
  RunConfig config() {
    Mode chosen = Mode.of(mode);
    double weight = beta == null ? (chosen == Mode.EXACT ? 0.02 : 0.01) : beta;
    atLeast("--mle-epochs", mleEpochs, 0);
    int scaleEpochs = sigmaEpochs != null ? sigmaEpochs : chosen == Mode.EXACT ? 0 : 2;
    atLeast("--sigma-epochs", scaleEpochs, 0);
    atLeast("--epochs", epochs, 0);
    atLeast("--batch-size", batchSize, 1);
    atLeast("--samples", samples, 1);
    atLeast("--limit", limit, 0);
    require("--gamma", gamma, gamma >= 0 && gamma <= 1, "a number from 0 to 1");
    require("--beta", weight, weight >= 0 && weight < 1e9, "a number of at least 0");
    rate("--learning-rate", learningRate);
    rate("--sigma-learning-rate", sigmaLearningRate);
    require("--map-precision", mapPrecision, mapPrecision >= 0 && mapPrecision < 1e9, "at least 0");
    if (mleEpochs + epochs == 0) {
      throw new UsageException("--mle-epochs and --epochs are both 0; there is nothing to train");
    }
    if (new HashSet<>(seeds).size() < seeds.size()) {
      throw new UsageException("--seeds: a seed is given twice in " + seeds);
    }
    ObjectNode node = new ObjectMapper().createObjectNode();
    node.put("data", data == null ? "" : data);
    node.put("model", ModelChoice.of(model).toString());
    if (!batchNorms.equals("constant")) {
      if (!batchNorms.equals("batch")) {
        throw new UsageException(
            "--batch-norms: " + batchNorms + " given; constant or batch is needed");
      }
      node.put("batch-norms", batchNorms);
    }
    node.put("augment", AugmentChoice.of(augment).toString());
    node.put("mode", mode);
    node.put("mle-epochs", mleEpochs);
    node.put("sigma-epochs", scaleEpochs);
    node.put("epochs", epochs);
    node.put("batch-size", batchSize);
    ArrayNode list = node.putArray("seeds");
    seeds.forEach(list::add);
    node.put("samples", samples);
    node.put("gamma", gamma);
    node.put("beta", weight);
    node.put("learning-rate", learningRate);
    node.put("sigma-learning-rate", sigmaLearningRate);
    node.put("map-precision", mapPrecision);
    node.put("limit", limit);
    node.put("device", device);
    beyond.write(node, chosen);
    memory.write(node);
    // Read back from text, so that numbers have the same node types as in a stored configuration.
    return RunConfig.parse("options", node.toString());
  }

  private static void atLeast(String option, int value, int least) {
    require(option, value, value >= least, "a whole number of at least " + least);
  }

  private static void rate(String option, double value) {
    require(option, value, value > 0 && value <= 1e3, "a number above 0");
  }

  private static void require(String option, Number value, boolean right, String needed) {
    if (!right) {
      throw new UsageException(option + ": " + value + " given; " + needed + " is needed");
    }
  }
}
