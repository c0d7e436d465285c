package dev.viking.func;

import dev.viking.torch.Tensor;

/** A function of one tensor with one tensor as its result. */
@FunctionalInterface
public interface TensorFunction {
  /**
   * Evaluates the function.
   *
   * @param input the input; under a transform it is lent and valid until the function returns
   * @return the output; may be the input itself or a tensor from outside
   */
  Tensor apply(Tensor input);
}
