/**
 * Linear operators, solvers and the projection onto the kernel of a Jacobian.
 *
 * <p>A {@link dev.viking.linalg.Solver} is configured first and then prepared for one operator;
 * what it returns, a {@link dev.viking.linalg.Solution}, says how the solve ended and what to do
 * about it. {@link dev.viking.linalg.KernelProjection} is what VIKING needs of them: P u = u - J^T
 * lambda with (J J^T) lambda = J u, prepared once per minibatch and shared by all samples, by the
 * adjoint and by the rank.
 *
 * <p>Vectors come in batches: [S, columns] is S vectors, and S = 1 is one. All tensors that a call
 * returns belong to the caller's current scope.
 */
@NullMarked
package dev.viking.linalg;

import org.jspecify.annotations.NullMarked;
