package dev.viking.posterior;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A posterior and what belongs to it, as one file holds them: enough to predict, and with the
 * training's state enough to go on training.
 *
 * <p>The file is safetensors, replaced in one step when it is written. Start with {@link #of}, add
 * parts with the {@code with} methods, {@link #write}; or {@link #read}.
 *
 * @param posterior mean and scales
 * @param model the network, or null when it is none of the library's own layers: then the reader
 *     must know it
 * @param samples of the posterior, or null
 * @param training how it was trained, as texts for people and programs: options, metrics, data
 * @param state where training stood, or null: generator, optimiser, counters
 */
public record SavedPosterior(
    KernelImagePosterior posterior,
    @Nullable Sequential model,
    @Nullable PosteriorSamples samples,
    Map<String, String> training,
    @Nullable TrainerState state)
    implements AutoCloseable {

  /**
   * Checks that the parts fit together.
   *
   * @throws ShapeException when model or samples are of another number of parameters
   */
  public SavedPosterior {
    training = Map.copyOf(training);
    if (model != null && model.layout().total() != posterior.dimension()) {
      throw new ShapeException(
          "SavedPosterior: model has "
              + model.layout().total()
              + " parameters; needed the posterior's "
              + posterior.dimension());
    }
    if (samples != null) {
      Checks.samples("SavedPosterior", "samples.kernel", samples.kernel(), posterior);
      Checks.samples("SavedPosterior", "samples.image", samples.image(), posterior);
    }
  }

  /**
   * A posterior alone.
   *
   * @param posterior mean and scales; borrowed
   * @return it, with nothing else
   */
  public static SavedPosterior of(KernelImagePosterior posterior) {
    return new SavedPosterior(posterior, null, null, Map.of(), null);
  }

  /**
   * Adds the network.
   *
   * @param added the network whose parameters the posterior is about
   * @return all parts
   * @throws ShapeException when it has another number of parameters
   */
  public SavedPosterior withModel(Sequential added) {
    return new SavedPosterior(posterior, added, samples, training, state);
  }

  /**
   * Adds samples.
   *
   * @param added of the posterior; borrowed
   * @return all parts
   * @throws ShapeException when they have another number of parameters
   */
  public SavedPosterior withSamples(PosteriorSamples added) {
    return new SavedPosterior(posterior, model, added, training, state);
  }

  /**
   * Adds texts about the training.
   *
   * @param added by name; replaces earlier ones
   * @return all parts
   */
  public SavedPosterior withTraining(Map<String, String> added) {
    return new SavedPosterior(posterior, model, samples, added, state);
  }

  /**
   * Adds the training's state.
   *
   * @param added what {@link VikingTrainer#resume} needs; borrowed
   * @return all parts
   */
  public SavedPosterior withState(TrainerState added) {
    return new SavedPosterior(posterior, model, samples, training, added);
  }

  /**
   * The network, which must be there.
   *
   * @return the network
   * @throws ArgumentException when the file has none
   */
  public Sequential requireModel() {
    if (model == null) {
      throw new ArgumentException(
          "SavedPosterior: the file describes no model; needed one saved with withModel, or the"
              + " model from elsewhere");
    }
    return model;
  }

  /**
   * The samples, which must be there.
   *
   * @return the samples
   * @throws ArgumentException when the file has none
   */
  public PosteriorSamples requireSamples() {
    if (samples == null) {
      throw new ArgumentException(
          "SavedPosterior: the file has no samples; needed one saved with withSamples");
    }
    return samples;
  }

  /**
   * Writes one file. Folders that are missing are made; an old file of the same name is replaced in
   * one step, and stays whole when this fails or the process dies.
   *
   * @param file where to write
   * @throws java.io.UncheckedIOException when the file cannot be written
   * @throws dev.viking.checkpoint.ModelDescriptionException when a layer has no description
   */
  public void write(Path file) {
    CheckpointBuilder builder = Checkpoint.builder();
    addTo(builder);
    builder.write(file);
  }

  /**
   * Adds all parts to a file that others add to as well, each in a {@linkplain
   * CheckpointBuilder#section section} of its own.
   *
   * @param builder of the file or section, where nothing is yet
   * @throws dev.viking.checkpoint.ModelDescriptionException when a layer has no description
   */
  public void addTo(CheckpointBuilder builder) {
    PosteriorFile.add(builder, this);
  }

  /**
   * Reads a file to the CPU. The tensors belong to the current scope, or to the caller, who then
   * closes this.
   *
   * @param file what {@link #write} wrote, in this or an earlier version
   * @return all parts
   * @throws dev.viking.checkpoint.MalformedCheckpointException when the file is damaged
   * @throws dev.viking.checkpoint.UnsupportedCheckpointException when it is no posterior, or of a
   *     newer version
   * @throws dev.viking.checkpoint.ModelDescriptionException when it holds a model that this version
   *     of the library does not know
   * @throws java.io.UncheckedIOException when it cannot be read
   */
  public static SavedPosterior read(Path file) {
    return read(file, Device.CPU);
  }

  /**
   * Reads a file to a device. On the CPU, samples are the file's own memory, read when they are
   * used; so is the training's state, which stays on the CPU.
   *
   * @param file as {@link #read(Path)}
   * @param device where the tensors shall lie
   * @return all parts
   */
  public static SavedPosterior read(Path file, Device device) {
    return PosteriorFile.read(file, device, true);
  }

  /**
   * Reads a file without its model, for a network that the caller has: also one whose layers this
   * version of the library does not know.
   *
   * @param file as {@link #read(Path)}
   * @param device where the tensors shall lie
   * @return all parts but the model
   */
  public static SavedPosterior readWithoutModel(Path file, Device device) {
    return PosteriorFile.read(file, device, false);
  }

  /**
   * Reads an open file or section, as {@link #addTo} filled it.
   *
   * @param checkpoint the file or section; may be closed afterwards
   * @param device where the tensors shall lie
   * @param withModel whether the model is read as well
   * @return all parts, with {@code withModel} false all but the model
   * @throws dev.viking.checkpoint.UnsupportedCheckpointException when it is no posterior, or of a
   *     newer version
   */
  public static SavedPosterior read(Checkpoint checkpoint, Device device, boolean withModel) {
    return PosteriorFile.read(checkpoint, device, withModel);
  }

  /**
   * Lets everything outlive a scope.
   *
   * @param scope the scope that owns it, or one around that
   * @return this
   */
  public SavedPosterior keepIn(Scope scope) {
    posterior.keepIn(scope);
    if (samples != null) {
      samples.keepIn(scope);
    }
    if (state != null) {
      state.tensors().values().forEach(scope::keep);
    }
    return this;
  }

  /** Frees all tensors, also those that were borrowed. Closing again does nothing. */
  @Override
  public void close() {
    posterior.close();
    if (samples != null) {
      samples.kernel().close();
      samples.image().close();
    }
    if (state != null) {
      state.tensors().values().forEach(Tensor::close);
    }
  }
}
