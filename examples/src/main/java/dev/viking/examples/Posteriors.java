package dev.viking.examples;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.ScaleLayout;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Trained networks as files: a posterior, or the parameters of a MAP network. */
final class Posteriors {
  private static final String FORMAT = "viking-posterior-1";
  private static final String MAP_FORMAT = "viking-map-1";

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

  static void write(Path file, KernelImagePosterior posterior, Origin origin) {
    CheckpointBuilder builder =
        start(FORMAT, origin)
            .put("mean", posterior.mean())
            .put("log_precision", posterior.logPrecision())
            .put("log_scale_image", posterior.logScaleImage());
    Tensor logScaleKernel = posterior.logScaleKernel();
    if (logScaleKernel != null) {
      builder.put("log_scale_kernel", logScaleKernel);
    }
    builder.write(file);
  }

  static void writeMap(Path file, Tensor parameters, Origin origin) {
    start(MAP_FORMAT, origin).put("parameters", parameters).write(file);
  }

  private static CheckpointBuilder start(String format, Origin origin) {
    CheckpointBuilder builder =
        Checkpoint.builder()
            .metadata("format", format)
            .metadata("model", origin.config().model().toString())
            .metadata("seed", Long.toString(origin.seed()))
            .metadata("seconds", Double.toString(origin.seconds()))
            .metadata("config", origin.config().options().toString());
    origin.history().write(builder);
    return builder;
  }

  /** Where a trained network comes from; refuses a file that is none. */
  static Origin origin(Path file) {
    try (Checkpoint checkpoint = open(file)) {
      Map<String, String> texts = checkpoint.metadata();
      String model = String.valueOf(texts.get("model"));
      boolean known =
          Arrays.stream(ModelChoice.values()).anyMatch(it -> it.toString().equals(model));
      if (!known) {
        throw new UsageException(
            file + ": model is " + model + "; a network trained by viking train is needed");
      }
      try {
        RunConfig config = RunConfig.parse(file.toString(), texts.getOrDefault("config", ""));
        if (!config.model().toString().equals(model)) {
          throw new UsageException(
              file
                  + ": model is "
                  + model
                  + "; its configuration's, "
                  + config.model()
                  + ", is needed");
        }
        return new Origin(
            config,
            Long.parseLong(texts.getOrDefault("seed", "")),
            TrainingHistory.read(checkpoint),
            Double.parseDouble(texts.getOrDefault("seconds", "")));
      } catch (NumberFormatException e) {
        throw new UsageException(file + ": seed or seconds is no number: " + e.getMessage());
      }
    }
  }

  /** Reads a posterior into the current scope. */
  static KernelImagePosterior read(Path file, Sequential network, Device device) {
    try (Scope scope = Scope.open();
        Checkpoint checkpoint = open(file)) {
      requireFormat(file, checkpoint, FORMAT, "a posterior");
      Tensor mean = vector(file, checkpoint, "mean", network, device);
      // The layout follows from the configuration that the file holds.
      ScaleLayout scales =
          RunConfig.parse(file.toString(), checkpoint.metadata().getOrDefault("config", ""))
              .viking(0)
              .scales()
              .layout(network.layout());
      return KernelImagePosterior.of(
              mean,
              scales,
              numbers(file, checkpoint, "log_precision", 1)[0],
              numbers(file, checkpoint, "log_scale_image", scales.count()),
              scales.kernelTied()
                  ? new double[0]
                  : numbers(file, checkpoint, "log_scale_kernel", scales.count()))
          .keepIn(scope);
    }
  }

  /** Reads a MAP network's parameters, [D], into the current scope. */
  static Tensor readMap(Path file, Sequential network, Device device) {
    try (Scope scope = Scope.open();
        Checkpoint checkpoint = open(file)) {
      requireFormat(file, checkpoint, MAP_FORMAT, "a MAP network");
      return scope.keep(vector(file, checkpoint, "parameters", network, device));
    }
  }

  private static Checkpoint open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UsageException(file + ": no such file; a file written by viking train is needed");
    }
    return Checkpoint.read(file);
  }

  private static void requireFormat(Path file, Checkpoint checkpoint, String format, String what) {
    String given = checkpoint.metadata().get("format");
    if (!format.equals(given)) {
      throw new UsageException(
          file + ": format is " + given + "; " + what + ", format " + format + ", is needed");
    }
  }

  private static Tensor vector(
      Path file, Checkpoint checkpoint, String name, Sequential network, Device device) {
    long needed = network.layout().total();
    List<Long> shape =
        checkpoint.names().contains(name) ? checkpoint.info(name).shape() : List.of();
    if (!shape.equals(List.of(needed)) || checkpoint.info(name).dtype() != DType.FLOAT32) {
      throw new UsageException(
          "%s: tensor %s has shape %s; float32 [%d] is needed"
              .formatted(file, name, shape, needed));
    }
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
