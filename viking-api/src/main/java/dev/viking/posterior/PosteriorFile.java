package dev.viking.posterior;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.checkpoint.CheckpointEntry;
import dev.viking.checkpoint.UnsupportedCheckpointException;
import dev.viking.nn.Sequential;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The format of a posterior's file; docs/how-to/checkpoints.md describes it for other programs.
 *
 * <p>Names never change their meaning. A new optional part gets a new name; anything that an older
 * reader must not overlook raises the version.
 */
final class PosteriorFile {
  private static final String FORMAT = "viking-posterior";

  /** The newest version that is read. */
  static final int VERSION = 2;

  /** The version of the tied layout, which older readers know too. */
  private static final int TIED_VERSION = 1;

  private static final String FORMAT_KEY = "format";
  private static final String VERSION_KEY = "format_version";
  private static final String TRAINING = "training.";
  private static final String STATE = "state.";
  private static final String MEAN = "mean";
  private static final String LOG_PRECISION = "log_precision";
  private static final String LOG_SCALE_IMAGE = "log_scale_image";
  private static final String LOG_SCALE_KERNEL = "log_scale_kernel";
  private static final String SCALE_GROUPS = "scale_groups";
  private static final String KERNEL = "samples.kernel";
  private static final String IMAGE = "samples.image";

  private PosteriorFile() {}

  static void add(CheckpointBuilder builder, SavedPosterior saved) {
    KernelImagePosterior posterior = saved.posterior();
    builder
        .metadata(FORMAT_KEY, FORMAT)
        .metadata(VERSION_KEY, Integer.toString(version(posterior.scales())))
        .put(MEAN, posterior.mean())
        .put(LOG_PRECISION, posterior.logPrecision())
        .put(LOG_SCALE_IMAGE, posterior.logScaleImage());
    Tensor logScaleKernel = posterior.logScaleKernel();
    if (logScaleKernel != null) {
      builder.put(LOG_SCALE_KERNEL, logScaleKernel);
    }
    if (posterior.scales().isGrouped()) {
      long[] groups = posterior.scales().sizes();
      builder.put(SCALE_GROUPS, groups, groups.length);
    }
    Sequential model = saved.model();
    if (model != null) {
      builder.model(model);
    }
    PosteriorSamples samples = saved.samples();
    if (samples != null) {
      builder.put(KERNEL, samples.kernel()).put(IMAGE, samples.image());
    }
    saved.training().forEach((name, text) -> builder.metadata(TRAINING + name, text));
    TrainerState state = saved.state();
    if (state != null) {
      state.tensors().forEach((name, tensor) -> builder.put(STATE + name, tensor));
      state.texts().forEach((name, text) -> builder.metadata(STATE + name, text));
    }
  }

  private static int version(ScaleLayout scales) {
    return scales.equals(ScaleLayout.TIED) ? TIED_VERSION : VERSION;
  }

  static SavedPosterior read(Path file, Device device, boolean withModel) {
    try (Checkpoint checkpoint = Checkpoint.read(file)) {
      return read(checkpoint, device, withModel);
    }
  }

  static SavedPosterior read(Checkpoint checkpoint, Device device, boolean withModel) {
    Path file = checkpoint.location();
    try (Scope scope = Scope.open()) {
      checkFormat(file, checkpoint.metadata());
      KernelImagePosterior posterior = posterior(file, checkpoint, device);
      return new SavedPosterior(
              posterior,
              withModel ? model(file, checkpoint, posterior) : null,
              samples(file, checkpoint, device, posterior),
              checkpoint.section(TRAINING).metadata(),
              state(checkpoint.section(STATE)))
          .keepIn(scope);
    }
  }

  private static void checkFormat(Path file, Map<String, String> texts) {
    String format = texts.get(FORMAT_KEY);
    if (!FORMAT.equals(format)) {
      throw new UnsupportedCheckpointException(
          file, "format is " + format + "; needed " + FORMAT + ", as SavedPosterior writes it");
    }
    String version = texts.getOrDefault(VERSION_KEY, "");
    int number;
    try {
      number = Integer.parseInt(version);
    } catch (NumberFormatException e) {
      throw new UnsupportedCheckpointException(
          file, VERSION_KEY + " is \"" + version + "\"; needed a whole number");
    }
    if (number < 1 || number > VERSION) {
      throw new UnsupportedCheckpointException(
          file,
          VERSION_KEY
              + " is "
              + number
              + "; needed 1 to "
              + VERSION
              + (number > VERSION ? ", or a newer version of the library" : ""));
    }
  }

  private static KernelImagePosterior posterior(Path file, Checkpoint checkpoint, Device device) {
    CheckpointEntry mean = entry(file, checkpoint, MEAN);
    if (mean.shape().size() != 1 || mean.numel() == 0 || !mean.dtype().isFloatingPoint()) {
      throw new UnsupportedCheckpointException(
          file,
          MEAN
              + " is "
              + mean.dtype()
              + " "
              + mean.shape()
              + "; needed floating-point numbers of shape [D]");
    }
    List<Long> groups = groups(file, checkpoint, mean.numel());
    boolean tied = !checkpoint.names().contains(LOG_SCALE_KERNEL);
    int count = Math.max(1, groups.size());
    return KernelImagePosterior.of(
        checkpoint.view(MEAN).to(device),
        new ScaleLayout(tied, groups),
        number(file, checkpoint, LOG_PRECISION),
        numbers(file, checkpoint, LOG_SCALE_IMAGE, count),
        tied ? new double[0] : numbers(file, checkpoint, LOG_SCALE_KERNEL, count));
  }

  private static List<Long> groups(Path file, Checkpoint checkpoint, long dimension) {
    if (!checkpoint.names().contains(SCALE_GROUPS)) {
      return List.of();
    }
    CheckpointEntry entry = checkpoint.info(SCALE_GROUPS);
    List<Long> groups = new ArrayList<>();
    if (entry.dtype() == DType.INT64 && entry.shape().size() == 1) {
      for (long size : checkpoint.tensor(SCALE_GROUPS).toLongArray()) {
        groups.add(size);
      }
    }
    long left = dimension;
    for (long size : groups) {
      left = size < 1 || size > left ? -1 : left - size;
    }
    if (left != 0 || groups.isEmpty()) {
      throw new UnsupportedCheckpointException(
          file,
          SCALE_GROUPS
              + " is "
              + entry.dtype()
              + " "
              + entry.shape()
              + " "
              + groups
              + "; needed INT64 [G], positive numbers with the sum "
              + dimension);
    }
    return groups;
  }

  private static double number(Path file, Checkpoint checkpoint, String name) {
    return numbers(file, checkpoint, name, 1)[0];
  }

  private static double[] numbers(Path file, Checkpoint checkpoint, String name, int count) {
    if (entry(file, checkpoint, name).numel() != count) {
      throw new UnsupportedCheckpointException(
          file,
          name
              + " has shape "
              + checkpoint.info(name).shape()
              + "; needed "
              + (count == 1 ? "one number" : count + " numbers"));
    }
    double[] values = checkpoint.tensor(name).to(DType.FLOAT64).toDoubleArray();
    for (double value : values) {
      if (!Double.isFinite(value)) {
        throw new UnsupportedCheckpointException(
            file, name + " is " + value + "; needed a finite number");
      }
    }
    return values;
  }

  private static @Nullable Sequential model(
      Path file, Checkpoint checkpoint, KernelImagePosterior posterior) {
    Sequential model = checkpoint.model();
    if (model != null && model.layout().total() != posterior.dimension()) {
      throw new UnsupportedCheckpointException(
          file,
          MEAN
              + " has "
              + posterior.dimension()
              + " elements; needed "
              + model.layout().total()
              + ", the parameters of the model that the file describes");
    }
    return model;
  }

  private static @Nullable PosteriorSamples samples(
      Path file, Checkpoint checkpoint, Device device, KernelImagePosterior posterior) {
    if (!checkpoint.names().contains(KERNEL)) {
      return null;
    }
    CheckpointEntry kernel = entry(file, checkpoint, KERNEL);
    CheckpointEntry image = entry(file, checkpoint, IMAGE);
    DType dtype = posterior.mean().dtype();
    List<Long> shape = kernel.shape();
    if (shape.size() != 2
        || shape.getLast() != posterior.dimension()
        || !shape.equals(image.shape())
        || kernel.dtype() != dtype
        || image.dtype() != dtype) {
      throw new UnsupportedCheckpointException(
          file,
          "samples are "
              + kernel.dtype()
              + " "
              + shape
              + " and "
              + image.dtype()
              + " "
              + image.shape()
              + "; needed both "
              + dtype
              + " [S, "
              + posterior.dimension()
              + "]");
    }
    return new PosteriorSamples(
        checkpoint.view(KERNEL).to(device), checkpoint.view(IMAGE).to(device));
  }

  private static @Nullable TrainerState state(Checkpoint checkpoint) {
    Map<String, String> texts = checkpoint.metadata();
    Map<String, Tensor> tensors = new HashMap<>();
    for (String name : checkpoint.names()) {
      tensors.put(name, checkpoint.view(name));
    }
    return texts.isEmpty() && tensors.isEmpty() ? null : new TrainerState(tensors, texts);
  }

  private static CheckpointEntry entry(Path file, Checkpoint checkpoint, String name) {
    if (!checkpoint.names().contains(name)) {
      throw new UnsupportedCheckpointException(
          file, "there is no array " + name + " among " + checkpoint.names());
    }
    return checkpoint.info(name);
  }
}
