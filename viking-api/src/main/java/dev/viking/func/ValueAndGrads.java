package dev.viking.func;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * A function's outputs and the gradients of the first, a scalar.
 *
 * @param values the scalar, then the auxiliary outputs
 * @param gradients one for each input, of its sizes
 */
public record ValueAndGrads(List<Tensor> values, List<Tensor> gradients) {}
