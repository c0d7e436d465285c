package dev.viking.examples;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.SavedPosterior;
import dev.viking.posterior.ScaleLayout;
import dev.viking.posterior.TrainerState;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Trained networks as files: a posterior as {@link SavedPosterior} writes it, with where it comes
 * from among its texts, or the parameters of a MAP network.
 */
final class Posteriors {
  private static final String FORMAT = "viking-posterior";

  /** What earlier versions wrote; it has the same arrays, and its texts have no prefix. */
  private static final String OLD_FORMAT = "viking-posterior-1";

  private static final String TRAINING = "training.";
  private static final String MAP_FORMAT = "viking-map-2";

  /** What earlier versions wrote: the same without the network. */
  private static final String OLD_MAP_FORMAT = "viking-map-1";

  private Posteriors() {}

  /**
   * A posterior file's content besides the posterior's tensors.
   *
   * @param config the run's configuration
   * @param seed the seed it was trained with
   * @param history the training history
   * @param seconds how long training took
   */
  record Origin(RunConfig config, long seed, TrainingHistory history, double seconds) {}

  /**
   * A posterior with its network, and its samples when there are some, for a service.
   *
   * @param more other texts that say how it was trained
   */
  static void write(
      Path file,
      Sequential network,
      KernelImagePosterior posterior,
      @Nullable PosteriorSamples samples,
      Origin origin,
      Map<String, String> more) {
    Map<String, String> texts = texts(origin);
    texts.putAll(more);
    try (Scope _ = Scope.open()) {
      SavedPosterior saved =
          SavedPosterior.of(posterior)
              .withModel(network)
              .withTraining(texts)
              .withState(new TrainerState(origin.history().tensors(), Map.of()));
      (samples == null ? saved : saved.withSamples(samples)).write(file);
    }
  }

  /** A network: its parameters, and its layers with the statistics of its batch norms. */
  static void writeMap(Path file, Sequential network, Tensor parameters, Origin origin) {
    CheckpointBuilder builder =
        Checkpoint.builder()
            .metadata("format", MAP_FORMAT)
            .model(network)
            .put("parameters", parameters);
    texts(origin).forEach((name, text) -> builder.metadata(TRAINING + name, text));
    origin.history().write(builder);
    builder.write(file);
  }

  private static Map<String, String> texts(Origin origin) {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("seed", Long.toString(origin.seed()));
    texts.put("seconds", Double.toString(origin.seconds()));
    texts.put("config", origin.config().options().toString());
    return texts;
  }

  /** Where a trained network comes from; refuses a file that is none. */
  static Origin origin(Path file) {
    try (Checkpoint checkpoint = open(file)) {
      Map<String, String> texts = checkpoint.metadata();
      String format = texts.get("format");
      String prefix = FORMAT.equals(format) || MAP_FORMAT.equals(format) ? TRAINING : "";
      // The text of this name in today's posteriors is the whole network.
      if (prefix.isEmpty()) {
        requireKnown(file, String.valueOf(texts.get("model")));
      }
      String configured = texts.get(prefix + "config");
      if (configured == null) {
        throw new UsageException(
            file
                + ": format is "
                + format
                + ", and no text "
                + prefix
                + "config; a network trained by viking train is needed");
      }
      try {
        RunConfig config = RunConfig.parse(file.toString(), configured);
        String model = config.model().toString();
        String named = texts.get("model");
        if (prefix.isEmpty() && !model.equals(named)) {
          throw new UsageException(
              file + ": model is " + named + "; its configuration's, " + model + ", is needed");
        }
        return new Origin(
            config,
            Long.parseLong(texts.getOrDefault(prefix + "seed", "")),
            TrainingHistory.read(checkpoint),
            Double.parseDouble(texts.getOrDefault(prefix + "seconds", "")));
      } catch (NumberFormatException e) {
        throw new UsageException(file + ": seed or seconds is no number: " + e.getMessage());
      }
    }
  }

  private static void requireKnown(Path file, String model) {
    if (Arrays.stream(ModelChoice.values()).noneMatch(it -> it.toString().equals(model))) {
      throw new UsageException(
          file + ": model is " + model + "; a network trained by viking train is needed");
    }
  }

  /**
   * A posterior and what it is of.
   *
   * @param network with the statistics of its batch norms
   * @param posterior of its parameters
   */
  record Trained(Sequential network, KernelImagePosterior posterior) {}

  /** Reads a posterior into the current scope; a network that it does not hold is the given one. */
  static Trained read(Path file, Sequential network, Device device) {
    try (Scope scope = Scope.open();
        Checkpoint checkpoint = open(file)) {
      if (OLD_FORMAT.equals(checkpoint.metadata().get("format"))) {
        return new Trained(network, readOld(file, checkpoint, network, device).keepIn(scope));
      }
      requireFormat(file, checkpoint, "a posterior", FORMAT);
      checkVector(file, checkpoint, "mean", network);
      SavedPosterior saved = SavedPosterior.read(file, device);
      return new Trained(saved.requireModel(), saved.posterior().keepIn(scope));
    }
  }

  private static KernelImagePosterior readOld(
      Path file, Checkpoint checkpoint, Sequential network, Device device) {
    // The layout follows from the configuration that the file holds.
    ScaleLayout scales =
        RunConfig.parse(file.toString(), checkpoint.metadata().getOrDefault("config", ""))
            .viking(0)
            .scales()
            .layout(network.layout());
    return KernelImagePosterior.of(
        vector(file, checkpoint, "mean", network, device),
        scales,
        numbers(file, checkpoint, "log_precision", 1)[0],
        numbers(file, checkpoint, "log_scale_image", scales.count()),
        scales.kernelTied()
            ? new double[0]
            : numbers(file, checkpoint, "log_scale_kernel", scales.count()));
  }

  /**
   * A network.
   *
   * @param network with the statistics of its batch norms
   * @param parameters [D]
   */
  record Point(Sequential network, Tensor parameters) {}

  /**
   * Reads a MAP network into the current scope; layers that it does not hold are the given ones.
   */
  static Point readMap(Path file, Sequential network, Device device) {
    try (Scope scope = Scope.open();
        Checkpoint checkpoint = open(file)) {
      requireFormat(file, checkpoint, "a MAP network", MAP_FORMAT, OLD_MAP_FORMAT);
      Tensor parameters = scope.keep(vector(file, checkpoint, "parameters", network, device));
      boolean old = OLD_MAP_FORMAT.equals(checkpoint.metadata().get("format"));
      Sequential stored = old ? network : checkpoint.model();
      if (stored == null) {
        throw new UsageException(file + ": it holds no network; a file of viking train is needed");
      }
      return new Point(stored, parameters);
    }
  }

  private static Checkpoint open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UsageException(file + ": no such file; a file written by viking train is needed");
    }
    return Checkpoint.read(file);
  }

  private static void requireFormat(
      Path file, Checkpoint checkpoint, String what, String... formats) {
    String given = checkpoint.metadata().get("format");
    if (!List.of(formats).contains(given)) {
      throw new UsageException(
          file + ": format is " + given + "; " + what + ", format " + formats[0] + ", is needed");
    }
  }

  private static void checkVector(
      Path file, Checkpoint checkpoint, String name, Sequential network) {
    long needed = network.layout().total();
    List<Long> shape =
        checkpoint.names().contains(name) ? checkpoint.info(name).shape() : List.of();
    if (!shape.equals(List.of(needed)) || checkpoint.info(name).dtype() != DType.FLOAT32) {
      throw new UsageException(
          "%s: tensor %s has shape %s; float32 [%d] is needed"
              .formatted(file, name, shape, needed));
    }
  }

  private static Tensor vector(
      Path file, Checkpoint checkpoint, String name, Sequential network, Device device) {
    checkVector(file, checkpoint, name, network);
    return checkpoint.tensor(name).to(device);
  }

  private static double[] numbers(Path file, Checkpoint checkpoint, String name, int count) {
    if (!checkpoint.names().contains(name) || checkpoint.info(name).numel() != count) {
      throw new UsageException(
          file
              + ": tensor "
              + name
              + " is not there as "
              + (count == 1 ? "one number" : count + " numbers"));
    }
    double[] values = checkpoint.tensor(name).to(DType.FLOAT64).toDoubleArray();
    for (double value : values) {
      if (!Double.isFinite(value)) {
        throw new UsageException(file + ": tensor " + name + " is " + value + "; finite is needed");
      }
    }
    return values;
  }
}
