package dev.viking.posterior;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * How a training run ended.
 *
 * @param posterior the posterior, in the caller's scope
 * @param pointEstimate [D], the mean at the end of the MLE stage (or now, when the run stopped
 *     within it), in the caller's scope
 * @param finished false when the listener stopped the run
 */
public record TrainingResult(
    KernelImagePosterior posterior, Tensor pointEstimate, boolean finished) {

  /**
   * Lets the result outlive a scope.
   *
   * @param scope the scope that owns it, or one around that
   * @return this result
   */
  public TrainingResult keepIn(Scope scope) {
    posterior.keepIn(scope);
    scope.keep(pointEstimate);
    return this;
  }
}
