/**
 * Ways to infer the weights of a network, all behind one interface, so that they can be compared:
 * {@link dev.viking.baseline.Method} is a way with its settings, {@link
 * dev.viking.baseline.FittedPosterior} what it makes of data, {@link
 * dev.viking.baseline.PosteriorDraw} samples of that, which predict.
 *
 * <pre>{@code
 * Method method = MapEstimate.ofEpochs(9);
 * try (Scope scope = Scope.open()) {
 *   FittedPosterior fitted = method.fit(FitContext.of(model, loss, data, seed));
 *   PosteriorDraw draw = fitted.draw(DrawRequest.of(loss, data, 100, seed));
 *   Tensor probabilities = draw.predict(inputs).meanProbabilities();
 * }
 * }</pre>
 *
 * <p>Everything random depends on the seeds alone: the same method, data and seed give the same
 * bits on the same machine with the same number of threads. Tensors that a call returns belong to
 * the caller's current scope.
 */
@NullMarked
package dev.viking.baseline;

import org.jspecify.annotations.NullMarked;
