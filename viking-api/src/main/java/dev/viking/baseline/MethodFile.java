package dev.viking.baseline;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.checkpoint.UnsupportedCheckpointException;
import dev.viking.nn.Model;
import dev.viking.nn.Sequential;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The format of a fitted posterior's file: safetensors, with these texts beside the posterior's own
 * arrays: {@code format}, {@code format_version}, {@code kind}, {@code method}, {@code
 * hyperparameter.NAME}, and the model as in other files.
 *
 * @param file where it was read
 * @param kind of posterior
 * @param description method, settings, model
 * @param tensors the arrays, in the current scope, on the device that was asked for
 */
record MethodFile(Path file, String kind, FitDescription description, Map<String, Tensor> tensors) {
  static final String FORMAT = "viking-method";
  static final String HYPERPARAMETER = "hyperparameter.";
  static final String METHOD = "method";
  static final String KIND = "kind";
  private static final int VERSION = 1;
  private static final String CONSTANTS = "constants.";

  /** Adds model and texts, which say what the arrays are of. */
  static void add(CheckpointBuilder builder, FittedPosterior fitted) {
    FitDescription description = fitted.description();
    builder
        .metadata("format", FORMAT)
        .metadata("format_version", Integer.toString(VERSION))
        .metadata(KIND, fitted.kind())
        .metadata(METHOD, description.method());
    description
        .hyperparameters()
        .forEach((name, text) -> builder.metadata(HYPERPARAMETER + name, text));
    if (description.model() instanceof Sequential model) {
      builder.model(model);
    }
  }

  /** Reads an open file of the format, for a given model or the one that it describes. */
  static MethodFile read(Checkpoint checkpoint, @Nullable Model given, Device device) {
    Path file = checkpoint.location();
    Map<String, String> texts = checkpoint.metadata();
    checkVersion(file, texts.getOrDefault("format_version", ""));
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String name : checkpoint.names()) {
      if (!name.startsWith(CONSTANTS) && !name.startsWith(MixturePosterior.MEMBER)) {
        tensors.put(name, checkpoint.tensor(name).to(device));
      }
    }
    return new MethodFile(
        file,
        text(file, texts, KIND),
        new FitDescription(
            text(file, texts, METHOD),
            checkpoint.section(HYPERPARAMETER).metadata(),
            model(file, given != null ? given : checkpoint.model())),
        tensors);
  }

  /** The model, which must be there. */
  static Model model(Path file, @Nullable Model model) {
    if (model == null) {
      throw new UnsupportedCheckpointException(
          file, "it describes no model; Methods.load with the model is needed");
    }
    return model;
  }

  /**
   * An array.
   *
   * @param name its name
   * @param shape sizes that it must have; -1 for any, -2 for the number of the model's parameters
   */
  Tensor tensor(String name, long... shape) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new UnsupportedCheckpointException(
          file, "there is no array " + name + " among " + tensors.keySet());
    }
    long[] given = tensor.shape();
    long[] needed = shape.clone();
    boolean fits = given.length == needed.length && tensor.dtype().isFloatingPoint();
    for (int i = 0; i < needed.length; i++) {
      needed[i] = needed[i] == -2 ? description.model().layout().total() : needed[i];
      fits = fits && (needed[i] == -1 ? given[i] > 0 : given[i] == needed[i]);
    }
    if (!fits) {
      throw new UnsupportedCheckpointException(
          file,
          "array "
              + name
              + " is "
              + tensor.dtype()
              + " "
              + Arrays.toString(given)
              + "; needed floating-point numbers "
              + Arrays.toString(needed).replace("-1", "any"));
    }
    return tensor;
  }

  private static String text(Path file, Map<String, String> texts, String name) {
    String text = texts.get(name);
    if (text == null) {
      throw new UnsupportedCheckpointException(file, "there is no text " + name);
    }
    return text;
  }

  private static void checkVersion(Path file, String version) {
    if (!version.equals(Integer.toString(VERSION))) {
      throw new UnsupportedCheckpointException(
          file,
          "format_version is \""
              + version
              + "\"; needed "
              + VERSION
              + ", or another version of the library");
    }
  }
}
