package dev.viking.func;

import dev.viking.torch.Tensor;

/**
 * A scalar function's value and gradient.
 *
 * @param value f(x)
 * @param gradient of the input's sizes
 */
public record ValueAndGrad(Tensor value, Tensor gradient) {}
