package dev.viking.posterior;

/** Watches alternating projections over a data set. */
@FunctionalInterface
public interface AlternatingListener {

  /** Watches nothing; then nothing waits for the device. */
  AlternatingListener NONE = (pass, block, blocks, residual) -> {};

  /**
   * Called after each block, by the calling thread.
   *
   * @param pass the pass over the data, from 0
   * @param block blocks done in this pass
   * @param blocks blocks in a pass
   * @param residual |J k| / |J u| of this block's projection
   */
  void onBlock(int pass, int block, int blocks, double residual);
}
