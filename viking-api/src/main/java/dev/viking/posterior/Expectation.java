package dev.viking.posterior;

import dev.viking.torch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The data term of the objective at S samples.
 *
 * @param value mean over samples of the summed minibatch loss, 0-dimensional float64
 * @param sampleGradients [S, D], derivative of the value in each sample's parameters theta_s
 * @param linearisationGradient [D], what the mean gets beyond the sum of these because the
 *     linearised model itself moves with it; null for sampled predictions
 * @param outputs [S, B, C]
 */
record Expectation(
    Tensor value, Tensor sampleGradients, @Nullable Tensor linearisationGradient, Tensor outputs) {}
