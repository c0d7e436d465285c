package dev.viking.baseline;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.UnsupportedCheckpointException;
import dev.viking.nn.Model;
import dev.viking.posterior.SavedPosterior;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads fitted posteriors of every kind from their files. */
public final class Methods {
  private static final String KERNEL_IMAGE = "viking-posterior";

  private Methods() {}

  /**
   * Reads a posterior together with the model that its file describes.
   *
   * @param file what {@link FittedPosterior#save} wrote
   * @param device where the tensors shall lie
   * @return the posterior, in the caller's current scope
   * @throws dev.viking.checkpoint.MalformedCheckpointException when the file is damaged
   * @throws UnsupportedCheckpointException when it is no fitted posterior, or describes no model
   * @throws dev.viking.checkpoint.ModelDescriptionException when it holds a model that this version
   *     of the library does not know
   * @throws java.io.UncheckedIOException when it cannot be read
   */
  public static FittedPosterior load(Path file, Device device) {
    return read(file, null, device);
  }

  /**
   * Reads a posterior of a model that the caller has.
   *
   * @param file what {@link FittedPosterior#save} wrote
   * @param model the network; takes the place of the file's
   * @param device where the tensors shall lie
   * @return the posterior, in the caller's current scope
   * @throws dev.viking.checkpoint.MalformedCheckpointException when the file is damaged
   * @throws UnsupportedCheckpointException when it is no fitted posterior of that model
   * @throws java.io.UncheckedIOException when it cannot be read
   */
  public static FittedPosterior load(Path file, Model model, Device device) {
    return read(file, model, device);
  }

  private static FittedPosterior read(Path file, @Nullable Model given, Device device) {
    try (Checkpoint checkpoint = Checkpoint.read(file)) {
      return read(checkpoint, given, device);
    }
  }

  /** Reads an open file or a section of one, for a given model or the one that it describes. */
  static FittedPosterior read(Checkpoint checkpoint, @Nullable Model given, Device device) {
    Path file = checkpoint.location();
    try (Scope scope = Scope.open()) {
      String format = checkpoint.metadata().get("format");
      if (KERNEL_IMAGE.equals(format)) {
        SavedPosterior saved = SavedPosterior.read(checkpoint, device, given == null);
        Model model = MethodFile.model(file, given != null ? given : saved.model());
        return KernelImageFit.of(file, saved, model).keepIn(scope);
      }
      if (!MethodFile.FORMAT.equals(format)) {
        throw new UnsupportedCheckpointException(
            file,
            "format is "
                + format
                + "; needed "
                + MethodFile.FORMAT
                + " or "
                + KERNEL_IMAGE
                + ", as FittedPosterior.save writes them");
      }
      MethodFile read = MethodFile.read(checkpoint, given, device);
      FittedPosterior fitted =
          read.kind().equals(MixturePosterior.KIND)
              ? MixturePosterior.read(read, checkpoint, given, device)
              : posterior(read);
      return fitted.keepIn(scope);
    }
  }

  /** One line for each kind of posterior that is made of arrays alone. */
  private static FittedPosterior posterior(MethodFile read) {
    return switch (read.kind()) {
      case PointPosterior.KIND -> PointPosterior.read(read);
      case ParameterSet.KIND -> ParameterSet.read(read);
      case DiagonalGaussian.KIND -> DiagonalGaussian.read(read);
      case SwagPosterior.KIND -> SwagPosterior.read(read);
      case LastLayerPosterior.KIND -> LastLayerPosterior.read(read);
      default ->
          throw new UnsupportedCheckpointException(
              read.file(),
              "kind is \"" + read.kind() + "\"; needed one that this version of the library knows");
    };
  }
}
