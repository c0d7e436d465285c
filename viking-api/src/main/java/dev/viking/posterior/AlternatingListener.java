package dev.viking.posterior;

/**
 * Watches alternating projections over a data set, and may stop them between blocks. Called by the
 * running thread.
 */
@FunctionalInterface
public interface AlternatingListener {

  /** Watches nothing; then nothing waits for the device before the end of a cycle. */
  AlternatingListener NONE = (pass, block, blocks, residual) -> {};

  /**
   * Called after each block.
   *
   * @param pass the pass over the data, from 0
   * @param block blocks done in this pass
   * @param blocks blocks in a pass
   * @param residual |J k| / |J u| of this block's projection, over the first vectors
   */
  void onBlock(int pass, int block, int blocks, double residual);

  /**
   * Called after each block with all there is to say; calls the other method.
   *
   * @param progress how far the run is
   */
  default void onProgress(AlternatingProgress progress) {
    onBlock(progress.cycle(), progress.block(), progress.blocks(), progress.residual());
  }

  /**
   * Called once, before the first block.
   *
   * @param plan how the data was cut into blocks, and why
   */
  default void onPlan(BlockPlan plan) {}

  /**
   * Called once, when the run has made its first block.
   *
   * @param form in which form the rows of which layer are kept, for people to read
   */
  default void onJacobian(String form) {}

  /**
   * Called after each cycle.
   *
   * @param cycle the cycle, from 0
   * @param change the largest change of a vector in this cycle relative to its norm; NaN where
   *     neither acceleration nor a tolerance asks for it
   */
  default void onCycle(int cycle, double change) {}

  /**
   * Asked after each block.
   *
   * @return true to stop here; the result's state goes on from there
   */
  default boolean wantsStop() {
    return false;
  }
}
