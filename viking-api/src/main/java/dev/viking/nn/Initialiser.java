package dev.viking.nn;

import dev.viking.torch.Rng;
import dev.viking.torch.Tensor;

/** Draws a parameter's starting values. Implementations are immutable and safe for all threads. */
@FunctionalInterface
public interface Initialiser {
  /**
   * Overwrites one parameter.
   *
   * @param parameter what is to be drawn
   * @param values [number of elements], floating, on the generator's device; every element is
   *     overwritten
   * @param rng where the numbers come from; advanced
   */
  void fill(Parameter parameter, Tensor values, Rng rng);
}
