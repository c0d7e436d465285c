package dev.viking.baseline;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a method made of data. The tensors belong to the scope in which it was made, or to the
 * caller, who closes this. Not changed after it is made; any thread may read it.
 */
public interface FittedPosterior extends AutoCloseable {

  /**
   * What it is of.
   *
   * @return method, settings, model
   */
  FitDescription description();

  /**
   * The kind of posterior, by which {@link Methods#load} knows how to read it.
   *
   * @return a short name without spaces
   */
  String kind();

  /**
   * All tensors that this owns and that it is made of again by {@link Methods#load}.
   *
   * @return open tensors by name, in a fixed order
   */
  Map<String, Tensor> tensors();

  /**
   * One parameter vector that stands for the posterior: its mean or mode.
   *
   * @return [D], owned by this; null where there is none, as for a mixture
   */
  @Nullable Tensor pointEstimate();

  /**
   * Draws samples. A posterior that consists of so many parameter vectors gives at most those,
   * spread evenly over them, and a point estimate gives one: see {@link PosteriorDraw#count}.
   *
   * @param request how many, and of what data
   * @return the samples, in the caller's current scope
   * @throws FitStoppedException when the request's listener stops it
   */
  PosteriorDraw draw(DrawRequest request);

  /**
   * What is worth knowing about the posterior, such as its scales.
   *
   * @return numbers by name, in a fixed order; may be empty
   */
  default Map<String, Double> diagnostics() {
    return Map.of();
  }

  /**
   * Writes one safetensors file, replaced in one step. Folders that are missing are made. The model
   * is saved with it when it is a {@link dev.viking.nn.Sequential}.
   *
   * @param file where to write
   * @throws java.io.UncheckedIOException when the file cannot be written
   * @throws dev.viking.checkpoint.ModelDescriptionException when a layer has no description
   */
  default void save(Path file) {
    CheckpointBuilder builder = Checkpoint.builder();
    addTo(builder);
    builder.write(file);
  }

  /**
   * Adds all that {@link #save} writes to a file or a section of one.
   *
   * @param builder of the file or section, where nothing is yet
   * @throws dev.viking.checkpoint.ModelDescriptionException when a layer has no description
   */
  default void addTo(CheckpointBuilder builder) {
    MethodFile.add(builder, this);
    tensors().forEach(builder::put);
  }

  /**
   * Reads what {@link #save} wrote, as {@link Methods#load}.
   *
   * @param file the file
   * @param device where the tensors shall lie
   * @return the posterior, in the caller's current scope
   */
  static FittedPosterior load(Path file, Device device) {
    return Methods.load(file, device);
  }

  /**
   * Lets the posterior outlive a scope.
   *
   * @param scope the scope that owns it, or one around that
   * @return this
   */
  default FittedPosterior keepIn(Scope scope) {
    tensors().values().forEach(scope::keep);
    return this;
  }

  /** Frees the tensors. Closing again does nothing. */
  @Override
  default void close() {
    tensors().values().forEach(Tensor::close);
  }
}
