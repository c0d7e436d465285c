package dev.viking.posterior;

import dev.viking.linalg.Solver;
import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Objects;

/**
 * Projects samples onto the kernel of the Jacobian of a whole data set, block after block, in the
 * order of the data, every example once per cycle (von Neumann's alternating projections; Miani et
 * al. 2024).
 *
 * <p>Immutable. All samples go through a block together and are changed in place. Blocks are kept
 * from cycle to cycle as long as the memory budget allows, the first ones; the others are made anew
 * each time, to the same bits. (Another budget may have rows kept in another form, which is the
 * same to rounding.)
 *
 * @param model the network
 * @param loss the loss, whose rows a loss Jacobian has
 * @param options how to run
 */
public record AlternatingProjections(Model model, Loss loss, AlternatingOptions options) {

  /** Checks that nothing is missing. */
  public AlternatingProjections {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(loss, "loss");
    Objects.requireNonNull(options, "options");
  }

  /**
   * Without acceleration, tolerance or a memory budget of its own.
   *
   * @param model the network
   * @param loss the loss, whose rows a loss Jacobian has
   * @param jacobian whose Jacobian
   * @param solver how each block's projection solves
   * @param blockSize examples in a block; 0 has it chosen by cost
   * @param cycles cycles over the data
   * @throws dev.viking.torch.ArgumentException when a number is out of its range
   */
  public AlternatingProjections(
      Model model, Loss loss, JacobianKind jacobian, Solver solver, int blockSize, int cycles) {
    this(
        model,
        loss,
        AlternatingOptions.of(jacobian, solver).withBlockSize(blockSize).withCycles(cycles));
  }

  /**
   * Draws samples of a posterior.
   *
   * @param posterior at whose mean to project
   * @param data the training data
   * @param count S, how many samples
   * @param rng where they start
   * @param listener told after each block
   * @return the samples, in the caller's current scope
   * @throws dev.viking.torch.ArgumentException when the count is not positive
   * @throws SamplingStoppedException when the listener stops it
   */
  public PosteriorSamples sample(
      KernelImagePosterior posterior,
      TrainingData data,
      int count,
      Rng rng,
      AlternatingListener listener) {
    try (Scope scope = Scope.open()) {
      AlternatingState state = AlternatingState.draw(posterior.mean(), count, rng);
      AlternatingResult result = run(posterior.mean(), state, data, listener);
      if (result.outcome() == AlternatingResult.Outcome.STOPPED) {
        throw new SamplingStoppedException(
            "AlternatingProjections.sample: stopped by the listener in cycle "
                + result.state().cycle()
                + " at block "
                + result.state().block()
                + "; to go on later, start with AlternatingState.draw and use"
                + " AlternatingProjections.run");
      }
      return result.state().samples().keepIn(scope);
    }
  }

  /**
   * Projects vectors in place.
   *
   * @param mean the parameters at which the Jacobians are taken, [D]
   * @param vectors [S, D], contiguous; overwritten by their projections
   * @param data the examples
   * @param listener told after each block
   * @return how it went; a cycle's start in its state belongs to the current scope
   * @throws ShapeException when the vectors' shape is another
   */
  public AlternatingResult project(
      Tensor mean, Tensor vectors, TrainingData data, AlternatingListener listener) {
    return run(mean, AlternatingState.of(vectors), data, listener);
  }

  /**
   * Runs from a state to the end, or until the listener stops it. Going on from a stored state with
   * the same mean, data, options and number of threads gives the same bits as never having stopped.
   *
   * @param mean the parameters at which the Jacobians are taken, [D]
   * @param state where to begin; its vectors are overwritten
   * @param data the examples
   * @param listener told after each block
   * @return how it went; a cycle's start in its state belongs to the current scope
   * @throws ShapeException when the vectors' shape is another
   * @throws dev.viking.torch.ArgumentException when the state does not fit the data or the options
   * @throws dev.viking.torch.DTypeException when the vectors' type is not the mean's
   * @throws dev.viking.torch.DeviceException when the vectors are not where the mean is
   */
  public AlternatingResult run(
      Tensor mean, AlternatingState state, TrainingData data, AlternatingListener listener) {
    check(mean, "vectors", state.vectors());
    Tensor start = state.cycleStart();
    if (start != null) {
      check(mean, "cycleStart", start);
    }
    try (Scope scope = Scope.open()) {
      AlternatingResult result = new AlternatingRun(this, mean, state, data, listener).run();
      Tensor left = result.state().cycleStart();
      if (left != null) {
        scope.keep(left);
      }
      return result;
    }
  }

  private static void check(Tensor mean, String argument, Tensor vectors) {
    if (vectors.dim() != 2 || vectors.size(1) != mean.numel() || !vectors.isContiguous()) {
      throw new ShapeException(
          "AlternatingProjections: "
              + argument
              + " have shape "
              + Arrays.toString(vectors.shape())
              + (vectors.isContiguous() ? "" : " and are not contiguous")
              + "; contiguous [S, "
              + mean.numel()
              + "] are needed");
    }
    Checks.sameKind("AlternatingProjections", argument, vectors, mean);
  }
}
