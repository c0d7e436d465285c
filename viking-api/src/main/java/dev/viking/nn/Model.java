package dev.viking.nn;

import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Tensor;

/**
 * A network as a pure function of one flat parameter vector.
 *
 * <p>Implementations are immutable, hold no tensors, and may be used by any number of threads.
 */
public interface Model {
  /**
   * Where the parameters lie in the flat vector.
   *
   * @return the layout, always the same
   */
  ParameterLayout layout();

  /**
   * Evaluates the network. Free of side effects and made of differentiable operators, so that it
   * can run inside any nesting of transforms; an example's output depends on that example only.
   *
   * @param parameters [D], floating
   * @param inputs [B, ...], of the parameters' dtype and device
   * @return [B, C] outputs, belonging to the current scope
   * @throws dev.viking.torch.ShapeException when sizes do not fit
   * @throws dev.viking.torch.DTypeException when dtypes do not fit
   * @throws dev.viking.torch.ClosedException when a tensor is closed
   */
  Tensor apply(Tensor parameters, Tensor inputs);

  /**
   * A random parameter vector to start training from.
   *
   * @param rng where the numbers come from; advanced
   * @param dtype a floating dtype
   * @param device where the vector shall lie; the numbers do not depend on it, only on the
   *     generator
   * @return [D], belonging to the current scope
   */
  Tensor initialise(Rng rng, DType dtype, Device device);
}
