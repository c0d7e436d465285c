package dev.viking.posterior;

/**
 * How a data set is cut into blocks.
 *
 * @param blockSize examples in a block; the last one may be smaller
 * @param blocks how many
 * @param rows rows of the Jacobian in a block
 * @param reason who chose, and why
 */
public record BlockPlan(int blockSize, int blocks, long rows, String reason) {}
