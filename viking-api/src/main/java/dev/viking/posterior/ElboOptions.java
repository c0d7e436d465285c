package dev.viking.posterior;

import dev.viking.internal.Arguments;
import dev.viking.linalg.ConjugateGradient;
import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.Solver;
import dev.viking.torch.ArgumentException;
import java.util.Objects;

/**
 * What the objective of one minibatch is made of; immutable. Start from {@link #exact} or {@link
 * #paper} and change single options with the {@code with} methods.
 *
 * @param jacobian whose Jacobian
 * @param predictions how samples predict
 * @param solver how the projection solves
 * @param rankEstimator where the kernel's dimension comes from
 * @param klWeight beta
 * @param projectionGradient what the gradient knows of the projection moving with the mean
 * @param memoryLimit bytes that the Jacobian of a batch may take; rows of layers beyond it are
 *     formed anew for each use ({@link dev.viking.nn.BatchJacobian}), and iterative solvers work
 *     without a matrix. A trainer gives its alternating projections the same budget
 */
public record ElboOptions(
    JacobianKind jacobian,
    Predictions predictions,
    Solver solver,
    RankEstimator rankEstimator,
    KlWeight klWeight,
    ProjectionGradient projectionGradient,
    long memoryLimit) {

  /** Bytes of a Jacobian that are kept unless another limit is set: 1 GiB. */
  public static final long DEFAULT_MEMORY_LIMIT = 1L << 30;

  /**
   * Checks that the options fit together.
   *
   * @throws ArgumentException when the exact rank is asked of a solver that does not learn it, or
   *     the memory limit is negative
   */
  public ElboOptions {
    Objects.requireNonNull(jacobian, "jacobian");
    Objects.requireNonNull(predictions, "predictions");
    Objects.requireNonNull(klWeight, "klWeight");
    Objects.requireNonNull(projectionGradient, "projectionGradient");
    Arguments.atLeast("ElboOptions", "memoryLimit", memoryLimit, 0);
    if (rankEstimator == RankEstimator.EXACT && !(solver instanceof ExactSolver)) {
      throw new ArgumentException(
          "ElboOptions: rankEstimator is EXACT but the solver is "
              + solver
              + ", which does not learn the rank; use ExactSolver, or IMAGE_NORM or HUTCHINSON");
    }
  }

  /**
   * Exact mode: loss Jacobian, sampled predictions, exact projection and rank, unbiased KL weight.
   *
   * @return the options
   */
  public static ElboOptions exact() {
    return new ElboOptions(
        JacobianKind.LOSS,
        Predictions.SAMPLED,
        new ExactSolver(),
        RankEstimator.EXACT,
        KlWeight.relativeTo(1.0),
        ProjectionGradient.EXACT,
        DEFAULT_MEMORY_LIMIT);
  }

  /**
   * Paper mode: as exact mode, but with ten steps of conjugate gradients, the authors' rank
   * estimate and their weight 0.01.
   *
   * @return the options
   */
  public static ElboOptions paper() {
    return new ElboOptions(
        JacobianKind.LOSS,
        Predictions.SAMPLED,
        new ConjugateGradient(10, true),
        RankEstimator.HUTCHINSON,
        KlWeight.absolute(1e-2),
        ProjectionGradient.EXACT,
        DEFAULT_MEMORY_LIMIT);
  }

  /**
   * Changes the Jacobian.
   *
   * @param kind whose Jacobian
   * @return options that differ in this only
   */
  public ElboOptions withJacobian(JacobianKind kind) {
    return new ElboOptions(
        kind, predictions, solver, rankEstimator, klWeight, projectionGradient, memoryLimit);
  }

  /**
   * Changes the predictions.
   *
   * @param kind how samples predict
   * @return options that differ in this only
   */
  public ElboOptions withPredictions(Predictions kind) {
    return new ElboOptions(
        jacobian, kind, solver, rankEstimator, klWeight, projectionGradient, memoryLimit);
  }

  /**
   * Changes the solver, and where the kernel's dimension comes from.
   *
   * @param other how the projection solves
   * @param estimator where the dimension comes from
   * @return options that differ in these only
   */
  public ElboOptions withSolver(Solver other, RankEstimator estimator) {
    return new ElboOptions(
        jacobian, predictions, other, estimator, klWeight, projectionGradient, memoryLimit);
  }

  /**
   * Changes the KL weight.
   *
   * @param weight beta
   * @return options that differ in this only
   */
  public ElboOptions withKlWeight(KlWeight weight) {
    return new ElboOptions(
        jacobian, predictions, solver, rankEstimator, weight, projectionGradient, memoryLimit);
  }

  /**
   * Changes what the gradient knows of the projection.
   *
   * @param kind exact or none
   * @return options that differ in this only
   */
  public ElboOptions withProjectionGradient(ProjectionGradient kind) {
    return new ElboOptions(
        jacobian, predictions, solver, rankEstimator, klWeight, kind, memoryLimit);
  }

  /**
   * Changes the memory limit.
   *
   * @param bytes that the Jacobian of a batch may take
   * @return options that differ in this only
   */
  public ElboOptions withMemoryLimit(long bytes) {
    return new ElboOptions(
        jacobian, predictions, solver, rankEstimator, klWeight, projectionGradient, bytes);
  }
}
