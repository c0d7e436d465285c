/**
 * VIKING (Fadel et al. 2025, arXiv 2510.23684): variational inference over network weights with a
 * Gaussian that has one scale in the kernel of the Jacobian and another in its image.
 *
 * <p>q(theta) = N(mean, sigma_ker^2 P + sigma_im^2 (I - P)), P being the projection onto the kernel
 * of the Jacobian at the mean, and sigma_ker = alpha^(-1/2) tied to the prior precision alpha.
 * {@link dev.viking.posterior.Elbo} evaluates the objective of one minibatch with its full
 * gradient, {@link dev.viking.posterior.VikingTrainer} minimises it, {@link
 * dev.viking.posterior.AlternatingProjections} draws samples through a data set and {@link
 * dev.viking.posterior.Predictor} predicts with them.
 *
 * <p>All of it works in float32 and float64 and on any device: on the one where the parameters are.
 * Tensors that a call returns belong to the caller's current scope.
 */
@NullMarked
package dev.viking.posterior;

import org.jspecify.annotations.NullMarked;
