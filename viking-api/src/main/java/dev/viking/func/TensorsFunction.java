package dev.viking.func;

import dev.viking.torch.Tensor;
import java.util.List;

/** A function of several tensors with several tensors as its results. */
@FunctionalInterface
public interface TensorsFunction {
  /**
   * Evaluates the function.
   *
   * @param inputs the inputs; under a transform they are lent and valid until the function returns
   * @return the outputs; inputs, tensors from outside, and the same tensor twice are allowed
   */
  List<Tensor> apply(List<Tensor> inputs);
}
