package dev.viking.posterior;

import dev.viking.internal.Arguments;
import dev.viking.nn.Linearisation;
import dev.viking.nn.Model;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Predicts with samples of a posterior, chunk after chunk of the inputs, so that memory beyond the
 * result does not grow with the number of inputs.
 *
 * <p>Immutable; may be used by several threads at once, each in its own scope, while nobody changes
 * the posterior.
 *
 * @param model the network
 * @param kind how a sample predicts
 * @param chunkSize inputs that go through the network at once
 */
public record Predictor(Model model, Predictions kind, int chunkSize) {
  private static final int DEFAULT_CHUNK = 500;

  /**
   * Checks the settings.
   *
   * @throws dev.viking.torch.ArgumentException when the chunk size is not positive
   */
  public Predictor {
    Arguments.atLeast("Predictor", "chunkSize", chunkSize, 1);
  }

  /**
   * A predictor that takes 500 inputs at once.
   *
   * @param model the network
   * @param kind how a sample predicts
   */
  public Predictor(Model model, Predictions kind) {
    this(model, kind, DEFAULT_CHUNK);
  }

  /**
   * Predicts with every sample.
   *
   * @param posterior mean and scales
   * @param samples the samples in their two parts
   * @param inputs [N, ...]
   * @return [S, N, C] in the caller's current scope
   * @throws ShapeException when the samples are not of the model's size
   */
  public PredictiveSamples predict(
      KernelImagePosterior posterior, PosteriorSamples samples, Tensor inputs) {
    try (Scope scope = Scope.open()) {
      PredictiveSamples result =
          predictAround(posterior.mean(), samples.deviations(posterior), inputs);
      scope.keep(result.outputs());
      return result;
    }
  }

  /**
   * Predicts with every sample of a posterior of any kind.
   *
   * @param mean [D], at which the model is linearised where the predictions are
   * @param deviations [S, D], the samples less the mean
   * @param inputs [N, ...]
   * @return [S, N, C] in the caller's current scope
   * @throws ShapeException when the vectors are not of the model's size
   */
  public PredictiveSamples predictAround(Tensor mean, Tensor deviations, Tensor inputs) {
    try (Scope scope = Scope.open()) {
      boolean sampled = kind == Predictions.SAMPLED;
      Tensor each = sampled ? deviations.add(mean) : deviations;
      List<Tensor> chunks = new ArrayList<>();
      for (long first = 0; first < inputs.size(0); first += chunkSize) {
        Tensor chunk = inputs.narrow(0, first, Math.min(chunkSize, inputs.size(0) - first));
        chunks.add(sampled ? sampled(each, chunk) : linearised(mean, each, chunk));
      }
      return new PredictiveSamples(scope.keep(Tensor.cat(chunks, 1)));
    }
  }

  /**
   * Predicts with one parameter vector, for a point estimate.
   *
   * @param parameters [D]
   * @param inputs [N, ...]
   * @return [1, N, C] in the caller's current scope
   */
  public PredictiveSamples predict(Tensor parameters, Tensor inputs) {
    try (Scope scope = Scope.open()) {
      List<Tensor> chunks = new ArrayList<>();
      for (long first = 0; first < inputs.size(0); first += chunkSize) {
        long length = Math.min(chunkSize, inputs.size(0) - first);
        chunks.add(apply(parameters, inputs.narrow(0, first, length)));
      }
      return new PredictiveSamples(scope.keep(Tensor.cat(chunks, 0).unsqueeze(0)));
    }
  }

  private Tensor sampled(Tensor parameters, Tensor inputs) {
    List<Tensor> outputs = new ArrayList<>();
    for (long s = 0; s < parameters.size(0); s++) {
      outputs.add(apply(parameters.select(0, s), inputs));
    }
    return Tensor.stack(outputs, 0);
  }

  private Tensor apply(Tensor parameters, Tensor inputs) {
    try (Scope scope = Scope.open()) {
      return scope.keep(model.apply(parameters, inputs));
    }
  }

  private Tensor linearised(Tensor mean, Tensor deviations, Tensor inputs) {
    try (Scope scope = Scope.open();
        Linearisation at = Linearisation.of(model, mean, inputs)) {
      return scope.keep(at.functionJvp(deviations).add(at.outputs()));
    }
  }
}
