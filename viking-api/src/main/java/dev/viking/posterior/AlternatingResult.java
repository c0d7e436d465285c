package dev.viking.posterior;

import dev.viking.linalg.SolverStatus;
import java.time.Duration;

/**
 * How alternating projections ended.
 *
 * @param outcome why they ended
 * @param state where they stand; its tensors are those of the state that they began with, and a
 *     cycle's start belongs to the current scope
 * @param change the largest change of a vector in the last full cycle relative to its norm, NaN
 *     where nothing asked for it
 * @param residual the largest |J k| / |J u| of all blocks, over the first vectors (at most four);
 *     tells little where vectors lay in a block's kernel already
 * @param status the worst of the blocks' solves
 * @param plan how the data was cut into blocks, and why
 * @param cachedBlocks how many blocks were kept from cycle to cycle; the others were made anew
 * @param cachedBytes what those held
 * @param elapsed the time it took
 */
public record AlternatingResult(
    Outcome outcome,
    AlternatingState state,
    double change,
    double residual,
    SolverStatus status,
    BlockPlan plan,
    int cachedBlocks,
    long cachedBytes,
    Duration elapsed) {

  /** Why alternating projections ended. */
  public enum Outcome {
    /** All cycles are done. */
    CYCLES_DONE,
    /** A cycle changed no vector by more than the tolerance. */
    CONVERGED,
    /** The listener stopped them; the state goes on from there. */
    STOPPED
  }
}
