/**
 * Models as pure functions of one flat parameter vector, their losses, initialisers and optimisers,
 * and the derivatives that VIKING needs of them: gradients, Jacobian rows and weighted
 * Hessian-vector products.
 *
 * <p>{@link dev.viking.nn.Linearisation} takes the structured path for a {@link
 * dev.viking.nn.Sequential} model (one hand-written pass over the layers for all examples at once)
 * and the transforms of {@code dev.viking.func} for any other {@link dev.viking.nn.Model}. Both
 * give the same numbers to rounding.
 */
@NullMarked
package dev.viking.nn;

import org.jspecify.annotations.NullMarked;
