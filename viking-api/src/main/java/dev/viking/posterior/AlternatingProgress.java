package dev.viking.posterior;

import dev.viking.linalg.SolverStatus;
import java.time.Duration;

/**
 * How far alternating projections are.
 *
 * @param cycle the cycle, from 0
 * @param block blocks done in this cycle
 * @param blocks blocks in a cycle
 * @param residual |J k| / |J u| of the last block's projection, over the first vectors (at most
 *     four)
 * @param status how the last block's solve ended
 * @param cachedBlocks blocks kept for the next cycle so far
 * @param elapsed since the run began or went on
 */
public record AlternatingProgress(
    int cycle,
    int block,
    int blocks,
    double residual,
    SolverStatus status,
    int cachedBlocks,
    Duration elapsed) {}
