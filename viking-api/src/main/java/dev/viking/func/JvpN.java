package dev.viking.func;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * A function's outputs and their derivatives in one direction.
 *
 * @param outputs the outputs
 * @param tangents one for each output, of its sizes
 */
public record JvpN(List<Tensor> outputs, List<Tensor> tangents) {}
