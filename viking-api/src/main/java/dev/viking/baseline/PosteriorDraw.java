package dev.viking.baseline;

import dev.viking.posterior.PredictiveSamples;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.Map;

/**
 * Samples of a posterior that predict: always the same samples, so that a test set can go through
 * them in pieces.
 *
 * <p>May be used by several threads at once, each in its own scope. The tensors belong to the scope
 * in which the samples were drawn, or to the caller, who closes this.
 */
public interface PosteriorDraw extends AutoCloseable {

  /**
   * The number of samples.
   *
   * @return S
   */
  int count();

  /**
   * Predicts with every sample.
   *
   * @param inputs [N, ...] of the parameters' type and device
   * @return [S, N, C] in the caller's current scope
   * @throws dev.viking.torch.ShapeException when the inputs do not fit the model
   */
  PredictiveSamples predict(Tensor inputs);

  /**
   * What is worth knowing about these samples, such as the share of their variance in the kernel.
   *
   * @return numbers by name, in a fixed order; may be empty
   */
  default Map<String, Double> diagnostics() {
    return Map.of();
  }

  /**
   * All tensors that this owns.
   *
   * @return open tensors
   */
  List<Tensor> tensors();

  /**
   * Lets the samples outlive a scope.
   *
   * @param scope the scope that owns them, or one around that
   * @return this
   */
  default PosteriorDraw keepIn(Scope scope) {
    scope.keep(tensors());
    return this;
  }

  /** Frees the tensors. Closing again does nothing. */
  @Override
  default void close() {
    tensors().forEach(Tensor::close);
  }
}
