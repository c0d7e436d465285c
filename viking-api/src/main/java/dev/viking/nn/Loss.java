package dev.viking.nn;

import dev.viking.func.Func;
import dev.viking.torch.Tensor;

/**
 * A loss of each example's outputs.
 *
 * <p>{@link #perExample} is all that is needed; the derivatives with respect to the outputs are
 * then taken by transforms. The losses in {@link Losses} have closed forms. Implementations are
 * immutable and safe for all threads.
 */
@FunctionalInterface
public interface Loss {
  /**
   * The loss of each example; works inside every transform.
   *
   * @param outputs [B, C]
   * @param targets what the loss wants, [B] or [B, ...]
   * @return [B], belonging to the current scope
   */
  Tensor perExample(Tensor outputs, Tensor targets);

  /**
   * Throws when targets do not fit, before anything is computed with them. Called in every step, so
   * it must not wait for a device: values that lie on one are left to {@link #checkValues}.
   *
   * @param outputs [B, C]
   * @param targets what is to be checked
   * @throws dev.viking.torch.ShapeException when the shape does not fit
   * @throws dev.viking.torch.DTypeException when the dtype does not fit
   * @throws dev.viking.torch.IndexException when a label on the CPU is out of range
   */
  default void checkTargets(Tensor outputs, Tensor targets) {}

  /**
   * Throws when the values of targets do not fit; waits for the device they are on. Trainers ask
   * when the objective is no longer finite.
   *
   * @param outputs [B, C], of which the shape counts
   * @param targets what {@link #checkTargets} accepts, outside of transforms
   * @throws dev.viking.torch.IndexException when a label is out of range
   */
  default void checkValues(Tensor outputs, Tensor targets) {}

  /**
   * Losses and their gradients with respect to the outputs.
   *
   * @param outputs [B, C], outside of transforms
   * @param targets what {@link #perExample} wants
   * @return losses and gradients, belonging to the current scope
   */
  default Derivative derivative(Tensor outputs, Tensor targets) {
    Tensor losses = perExample(outputs, targets);
    return new Derivative(losses, Func.grad(z -> perExample(z, targets).sum(), outputs));
  }

  /**
   * Product of each example's Hessian with respect to its outputs with a vector.
   *
   * @param outputs [B, C], outside of transforms
   * @param targets what {@link #perExample} wants
   * @param vectors [B, C]
   * @return [B, C], belonging to the current scope
   */
  default Tensor hessianProduct(Tensor outputs, Tensor targets, Tensor vectors) {
    return Func.hvp(z -> perExample(z, targets).sum(), outputs, vectors).product();
  }

  /**
   * Losses and their gradients with respect to the outputs.
   *
   * @param losses [B]
   * @param gradient [B, C], row i the gradient of loss i
   */
  record Derivative(Tensor losses, Tensor gradient) {}
}
