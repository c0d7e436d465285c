package dev.viking.func;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * A scalar function's value, gradients, and Hessian-vector products, the Hessian being over all
 * inputs together.
 *
 * @param value the scalar
 * @param gradients one for each input, of its sizes
 * @param products one for each input, of its sizes
 */
public record HvpN(Tensor value, List<Tensor> gradients, List<Tensor> products) {}
