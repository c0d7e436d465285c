package dev.viking.baseline;

import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.nn.Model;
import dev.viking.nn.Sequential;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.SamplingStoppedException;
import dev.viking.posterior.SavedPosterior;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A Gaussian with one scale in the kernel of the data's Jacobian and another in its image: VIKING's
 * posterior, and with nothing in the image that of projection sampling.
 *
 * <p>{@link #save} writes the file of {@link SavedPosterior}, which the serving package reads as
 * well.
 *
 * @param description what it is of; its settings say how samples are drawn
 * @param posterior mean and scales; owned by this
 */
public record KernelImageFit(FitDescription description, KernelImagePosterior posterior)
    implements FittedPosterior {
  static final String KIND = "kernel-image";

  /** Name of the setting that says which statistics samples predict with. */
  static final String BATCH_NORMS = "batchNorms";

  /** Its value for statistics of their own; without it they have those of the model. */
  static final String OF_EACH_SAMPLE = "batch";

  /**
   * Checks that the settings are all there.
   *
   * @throws ShapeException when the posterior is not of the model's size
   * @throws dev.viking.torch.ArgumentException when a setting of the projection is missing
   */
  public KernelImageFit {
    if (posterior.dimension() != description.model().layout().total()) {
      throw new ShapeException(
          "KernelImageFit: posterior has "
              + posterior.dimension()
              + " parameters; needed the model's "
              + description.model().layout().total());
    }
    ProjectionSettings.of(description);
  }

  @Override
  public String kind() {
    return KIND;
  }

  /**
   * How samples are drawn.
   *
   * @return the settings
   */
  public ProjectionSettings settings() {
    return ProjectionSettings.of(description);
  }

  @Override
  public Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("variables", posterior.variables());
    tensors.put("mean", posterior.mean());
    tensors.put("log_precision", posterior.logPrecision());
    tensors.put("log_scale_image", posterior.logScaleImage());
    Tensor logScaleKernel = posterior.logScaleKernel();
    if (logScaleKernel != null) {
      tensors.put("log_scale_kernel", logScaleKernel);
    }
    return Collections.unmodifiableMap(tensors);
  }

  @Override
  public Tensor pointEstimate() {
    return posterior.mean();
  }

  @Override
  public PosteriorDraw draw(DrawRequest request) {
    ProjectionSettings settings = settings();
    Model model = description.model();
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(request.seed(), posterior.mean().device())) {
      PosteriorSamples samples =
          new AlternatingProjections(model, request.loss(), settings.projection())
              .sample(
                  posterior, examples(settings, request), request.count(), rng, request.listener());
      Map<String, Double> diagnostics = Map.of("kernel_share", samples.kernelShare());
      if (OF_EACH_SAMPLE.equals(description.hyperparameters().get(BATCH_NORMS))) {
        Tensor parameters = samples.deviations(posterior).add(posterior.mean());
        return BatchNorms.draw(model, parameters, request.data())
            .withDiagnostics(diagnostics)
            .keepIn(scope);
      }
      return new DeviationDraw(
              model,
              settings.predictions(),
              posterior.mean(),
              samples.deviations(posterior),
              diagnostics)
          .keepIn(scope);
    } catch (SamplingStoppedException e) {
      throw new FitStoppedException(description.method() + ": " + e.getMessage());
    }
  }

  private static TrainingData examples(ProjectionSettings settings, DrawRequest request) {
    TrainingData data = request.data();
    return settings.examples() == 0 || settings.examples() >= data.size()
        ? data
        : TrainingData.sample(data, settings.examples(), request.seed());
  }

  @Override
  public Map<String, Double> diagnostics() {
    Map<String, Double> numbers = new LinkedHashMap<>();
    numbers.put("sigma_ker", posterior.scaleKernel());
    numbers.put("sigma_im", posterior.scaleImage());
    return Collections.unmodifiableMap(numbers);
  }

  @Override
  public void addTo(CheckpointBuilder builder) {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put(MethodFile.METHOD, description.method());
    description
        .hyperparameters()
        .forEach((name, text) -> texts.put(MethodFile.HYPERPARAMETER + name, text));
    SavedPosterior saved = SavedPosterior.of(posterior).withTraining(texts);
    if (description.model() instanceof Sequential model) {
      saved = saved.withModel(model);
    }
    saved.addTo(builder);
  }

  /** A posterior's file that {@link #save} wrote. */
  static KernelImageFit of(Path file, SavedPosterior saved, Model model) {
    Map<String, String> hyperparameters = new LinkedHashMap<>();
    saved
        .training()
        .forEach(
            (name, text) -> {
              if (name.startsWith(MethodFile.HYPERPARAMETER)) {
                hyperparameters.put(name.substring(MethodFile.HYPERPARAMETER.length()), text);
              }
            });
    String method = saved.training().getOrDefault(MethodFile.METHOD, file.toString());
    return new KernelImageFit(
        new FitDescription(method, hyperparameters, model), saved.posterior());
  }

  @Override
  public KernelImageFit keepIn(Scope scope) {
    posterior.keepIn(scope);
    return this;
  }

  @Override
  public void close() {
    posterior.close();
  }
}
