package dev.viking.posterior;

import dev.viking.internal.Arguments;
import dev.viking.linalg.Solver;
import java.util.Objects;

/**
 * How alternating projections over a data set run; immutable. Start from {@link #of} and change
 * single options with the {@code with} methods.
 *
 * @param jacobian whose Jacobian
 * @param solver how each block's projection solves
 * @param blockSize examples in a block; 0 has it chosen by cost, see {@link BlockPlan}
 * @param cycles most cycles, each of which takes every example once
 * @param tolerance stops after a cycle that changed no vector by more than this share of its norm;
 *     0 for all cycles. In float64 an accelerated run on badly conditioned blocks may not get below
 *     some 1e-9: the line search divides by small changes and magnifies their rounding
 * @param accelerated whether each cycle ends with a line search: u becomes t Q u + (1 - t) u with t
 *     = (u, u - Q u) / |u - Q u|^2 for each vector, Q being the cycle, which is the point of that
 *     line nearest to the limit (Gearhart and Koshy 1989; Miani et al. 2024)
 * @param memoryBudget bytes that the blocks may hold: those kept from cycle to cycle, and the one
 *     in work with its forward and backward pass; the vectors are not counted, nor the one copy of
 *     them that an accelerated run or one with a tolerance makes
 */
public record AlternatingOptions(
    JacobianKind jacobian,
    Solver solver,
    int blockSize,
    int cycles,
    double tolerance,
    boolean accelerated,
    long memoryBudget) {

  /** The memory budget unless set otherwise: 1 GiB. */
  public static final long DEFAULT_MEMORY_BUDGET = 1L << 30;

  /**
   * Checks the options.
   *
   * @throws dev.viking.torch.ArgumentException when a number is out of its range
   */
  public AlternatingOptions {
    Objects.requireNonNull(jacobian, "jacobian");
    Objects.requireNonNull(solver, "solver");
    Arguments.atLeast("AlternatingProjections", "blockSize", blockSize, 0);
    Arguments.atLeast("AlternatingProjections", "cycles", cycles, 0);
    Arguments.within("AlternatingProjections", "tolerance", tolerance, 0, 1);
    Arguments.atLeast("AlternatingProjections", "memoryBudget", memoryBudget, 1);
  }

  /**
   * One cycle, blocks chosen by cost, no acceleration, the default memory budget.
   *
   * @param jacobian whose Jacobian
   * @param solver how each block's projection solves
   * @return the options
   */
  public static AlternatingOptions of(JacobianKind jacobian, Solver solver) {
    return new AlternatingOptions(jacobian, solver, 0, 1, 0, false, DEFAULT_MEMORY_BUDGET);
  }

  /**
   * Sets the block size.
   *
   * @param examples in a block; 0 has it chosen by cost
   * @return options that differ in this only
   */
  public AlternatingOptions withBlockSize(int examples) {
    return new AlternatingOptions(
        jacobian, solver, examples, cycles, tolerance, accelerated, memoryBudget);
  }

  /**
   * Sets the number of cycles.
   *
   * @param most cycles
   * @return options that differ in this only
   */
  public AlternatingOptions withCycles(int most) {
    return new AlternatingOptions(
        jacobian, solver, blockSize, most, tolerance, accelerated, memoryBudget);
  }

  /**
   * Sets the tolerance.
   *
   * @param change of a cycle, relative to each vector's norm, to stop at; 0 for never
   * @return options that differ in this only
   */
  public AlternatingOptions withTolerance(double change) {
    return new AlternatingOptions(
        jacobian, solver, blockSize, cycles, change, accelerated, memoryBudget);
  }

  /**
   * Switches the line search at the end of each cycle.
   *
   * @param on whether it is done
   * @return options that differ in this only
   */
  public AlternatingOptions withAcceleration(boolean on) {
    return new AlternatingOptions(jacobian, solver, blockSize, cycles, tolerance, on, memoryBudget);
  }

  /**
   * Sets the memory budget.
   *
   * @param bytes that the blocks may hold
   * @return options that differ in this only
   */
  public AlternatingOptions withMemoryBudget(long bytes) {
    return new AlternatingOptions(
        jacobian, solver, blockSize, cycles, tolerance, accelerated, bytes);
  }

  /** Whether a cycle needs to remember where it began. */
  boolean needsCycleStart() {
    return accelerated || tolerance > 0;
  }
}
