package dev.viking.func;

import dev.viking.torch.Tensor;

/**
 * A scalar function's value, gradient, and Hessian-vector product.
 *
 * @param value f(x)
 * @param gradient of the input's sizes
 * @param product H(x) v, of the input's sizes
 */
public record Hvp(Tensor value, Tensor gradient, Tensor product) {}
