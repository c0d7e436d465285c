package dev.viking.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.nn.TorchScriptModel;
import dev.viking.posterior.ScaleOptions;
import dev.viking.posterior.ScaleStart;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code viking posthoc}. */
@Command(
    name = "posthoc",
    description = {
      "Puts a posterior around a classifier that was trained elsewhere.",
      "",
      "Loads a TorchScript module, keeps its parameters as the mean, finds the posterior's scales"
          + " in closed form from the training images, or fits them, draws samples by alternating"
          + " projections through the images, and compares the network with its posterior on the"
          + " test images.",
      ""
    },
    sortOptions = false)
final class PosthocCommand implements Callable<Integer> {
  @Option(
      names = "--module",
      required = true,
      paramLabel = "FILE",
      description =
          "A module that torch.jit.save wrote: one batch of images in, logits or log-probabilities"
              + " [B, classes] out. It is a program; use files that you trust.")
  @Nullable Path module;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Folder with the four files of MNIST or a set packed like them (default: the embedded set"
              + " of drawn digits).")
  @Nullable Path data;

  @Option(
      names = "--input-shape",
      defaultValue = "1,28,28",
      split = ",",
      paramLabel = "N",
      description =
          "Sizes of one image as the module takes it, such as 1,28,28 or 784 (default:"
              + " ${DEFAULT-VALUE}).")
  List<Long> inputShape = List.of(1L, 28L, 28L);

  @Option(
      names = "--mean",
      defaultValue = "0",
      paramLabel = "X",
      description =
          "Taken from the pixels, which are from 0 to 1, as the network's training did (default:"
              + " ${DEFAULT-VALUE}).")
  double mean;

  @Option(
      names = "--std",
      defaultValue = "1",
      paramLabel = "X",
      description = "What the pixels are divided by after that (default: ${DEFAULT-VALUE}).")
  double std;

  @Option(
      names = "--scales",
      defaultValue = "free",
      paramLabel = "KIND",
      description =
          "tied: the kernel's deviation is the prior's, as in the paper. free: it is one of its"
              + " own. tied-layers, free-layers: the same with deviations for each layer, for"
              + " modules of several (default: ${DEFAULT-VALUE}).")
  String scales = "free";

  @Option(
      names = "--scale-start",
      defaultValue = "curvature",
      paramLabel = "given|curvature",
      description =
          "Where the scales start: at --log-precision and --log-sigma-im, or at the optimum of the"
              + " objective's quadratic approximation, which is a posterior without any epochs"
              + " (default: ${DEFAULT-VALUE}).")
  String scaleStart = "curvature";

  @Option(
      names = "--sigma-epochs",
      paramLabel = "N",
      description =
          "Epochs that fit the scales by gradients from there (default: 0; --scale-start given:"
              + " 3).")
  @Nullable Integer sigmaEpochs;

  @Option(
      names = "--sigma-learning-rate",
      defaultValue = "0.01",
      paramLabel = "X",
      description = "Of Adam, for the scales (default: ${DEFAULT-VALUE}).")
  double sigmaLearningRate;

  @Option(
      names = "--sigma-samples",
      defaultValue = "1",
      paramLabel = "N",
      description = "Monte-Carlo samples while the scales are fitted (default: ${DEFAULT-VALUE}).")
  int sigmaSamples;

  @Option(
      names = "--log-precision",
      paramLabel = "X",
      description =
          "Where log alpha starts, and sigma_ker at alpha^(-1/2); for --scale-start given alone"
              + " (default: 4).")
  @Nullable Double logPrecision;

  @Option(
      names = "--log-sigma-im",
      paramLabel = "X",
      description = "Where log sigma_im starts; for --scale-start given alone (default: -4).")
  @Nullable Double logScaleImage;

  @Option(
      names = "--beta",
      defaultValue = "0.1",
      paramLabel = "X",
      description =
          "Weight of the KL divergence as a multiple of B/N, batch over training images; 1 is the"
              + " unbiased ELBO (default: ${DEFAULT-VALUE}).")
  double beta;

  @Option(
      names = "--batch-size",
      defaultValue = "32",
      paramLabel = "N",
      description =
          "Images in a minibatch and in a block of projections (default: ${DEFAULT-VALUE}).")
  int batchSize;

  @Option(
      names = "--samples",
      defaultValue = "50",
      paramLabel = "N",
      description = "Posterior samples of the evaluation (default: ${DEFAULT-VALUE}).")
  int samples;

  @Option(
      names = "--limit",
      defaultValue = "0",
      paramLabel = "N",
      description = "Use only the first N training images, 0 for all (default: ${DEFAULT-VALUE}).")
  int limit;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "Seed of everything random (default: ${DEFAULT-VALUE}).")
  long seed;

  @Option(
      names = "--device",
      defaultValue = "cpu",
      paramLabel = "cpu|cuda:N",
      description = "Where to compute (default: ${DEFAULT-VALUE}).")
  String device = "cpu";

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "Write the posterior with its samples to this safetensors file, which SavedPosterior"
              + " reads (default: not at all).")
  @Nullable Path out;

  @Option(
      names = "--json",
      description = "Print the metrics as JSON on stdout, and nothing else there.")
  boolean json;

  @Mixin MemoryOption memory = new MemoryOption();
  @Mixin CommonOptions common = new CommonOptions();

  private final Console console;

  PosthocCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Path file = module;
    if (file == null) {
      throw new UsageException("--module is needed");
    }
    PosthocFit fit = fit();
    common.apply();
    Device place = Device.parse(device);
    ImageSets sets = ImageSets.load(data, limit, AugmentChoice.NONE);
    requireShape(sets);
    ModuleImages images =
        new ModuleImages(
            inputShape.stream().mapToLong(Long::longValue).toArray(), mean, std, place);
    try (TorchScriptModel model = TorchScriptModel.load(file, DType.FLOAT32, place);
        Interrupts interrupts = Interrupts.listen();
        Progress progress = new Progress(console)) {
      fit.requireLayers(model.layout());
      progress.say(
          "%s: %,d parameters; %s, %,d images to fit with"
              .formatted(file, model.layout().total(), sets.name(), sets.train().count()));
      PosthocRun run = new PosthocRun(this, fit, model, images, sets, progress, interrupts);
      report(model, run.run());
      return 0;
    } catch (InterruptedRunException e) {
      return Main.INTERRUPTED;
    }
  }

  private void report(TorchScriptModel model, PosthocRun.Outcome outcome) {
    Map<String, List<Evaluation>> methods = new LinkedHashMap<>();
    methods.put("MAP", List.of(outcome.map()));
    methods.put("VIKING", List.of(outcome.viking()));
    MetricsReport report = new MetricsReport(methods);
    SeedResult.Scales scales = outcome.scales();
    if (json) {
      ObjectNode root = report.json();
      root.put("module", String.valueOf(module));
      root.put("parameters", model.layout().total());
      root.put("samples", samples);
      root.putObject("posterior")
          .put("sigma_ker", scales.kernel())
          .put("sigma_im", scales.image())
          .put("kernel_share", scales.kernelShare());
      root.putObject("seconds")
          .put("fitting", outcome.fittingSeconds())
          .put("evaluation", outcome.evaluationSeconds());
      console.out().println(root.toPrettyString());
      return;
    }
    console.out().print(report.table());
    console
        .out()
        .printf(
            "sigma_ker %.4f, sigma_im %.4f, kernel share %.3f; fitting %.0f s, evaluation %.0f s%n",
            scales.kernel(),
            scales.image(),
            scales.kernelShare(),
            outcome.fittingSeconds(),
            outcome.evaluationSeconds());
  }

  private void requireShape(ImageSets sets) {
    long pixels = (long) sets.train().channels() * sets.train().height() * sets.train().width();
    long given = 1;
    for (long size : inputShape) {
      // Stops at the first size that is too large, so the product cannot overflow.
      given = size < 1 || size > pixels || given > pixels ? 0 : given * size;
    }
    require("--input-shape", inputShape, given == pixels, "sizes whose product is " + pixels);
  }

  /** How the scales are found, checked with the other options. */
  private PosthocFit fit() {
    ScaleOptions kind = BeyondOptions.scales(scales, scaleStart);
    boolean given = kind.start() == ScaleStart.GIVEN;
    int epochs = sigmaEpochs != null ? sigmaEpochs : given ? 3 : 0;
    onlyForGiven("--log-precision", logPrecision, given);
    onlyForGiven("--log-sigma-im", logScaleImage, given);
    check(epochs);
    return new PosthocFit(
        scales,
        kind,
        epochs,
        logPrecision != null ? logPrecision : 4,
        logScaleImage != null ? logScaleImage : -4,
        memory.bytes());
  }

  private static void onlyForGiven(String option, @Nullable Double value, boolean given) {
    if (value != null && !given) {
      throw new UsageException(
          option
              + ": "
              + value
              + " given, but the scales start by curvature; --scale-start given is needed with it");
    }
  }

  private void check(int epochs) {
    require("--mean", mean, Double.isFinite(mean), "a number");
    require("--std", std, std > 0 && std < 1e9, "a number above 0");
    require("--sigma-epochs", epochs, epochs >= 0, "a whole number of at least 0");
    require("--sigma-samples", sigmaSamples, sigmaSamples >= 1, "a whole number of at least 1");
    require(
        "--sigma-learning-rate",
        sigmaLearningRate,
        sigmaLearningRate > 0 && sigmaLearningRate <= 1e3,
        "a number above 0");
    require("--beta", beta, beta >= 0 && beta < 1e9, "a number of at least 0");
    require("--batch-size", batchSize, batchSize >= 1, "a whole number of at least 1");
    require("--samples", samples, samples >= 1, "a whole number of at least 1");
    require("--limit", limit, limit >= 0, "a whole number of at least 0");
  }

  private static void require(String option, Object value, boolean right, String needed) {
    if (!right) {
      throw new UsageException(option + ": " + value + " given; " + needed + " needed");
    }
  }
}
