package dev.viking.func;

import dev.viking.torch.Tensor;

/**
 * A function's output and its derivative in one direction.
 *
 * @param output f(x)
 * @param tangent J(x) t, of the output's sizes
 */
public record Jvp(Tensor output, Tensor tangent) {}
