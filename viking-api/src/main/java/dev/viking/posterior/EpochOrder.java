package dev.viking.posterior;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The minibatches of one epoch: a random order that depends on seed, stage and epoch only, so that
 * a resumed run sees what the uninterrupted one saw. What does not fill a minibatch is left out,
 * and fewer examples than one are one minibatch. Not changed after it is made; any thread may read
 * it.
 */
public final class EpochOrder {
  private final int[] order;
  private final int batchSize;
  private final long key;

  /**
   * The order of one epoch.
   *
   * @param seed of the run
   * @param stage the stage
   * @param epoch the epoch of the stage, from 0
   * @param size N, at least 1
   * @param batchSize examples in a minibatch, at least 1
   */
  public EpochOrder(long seed, Stage stage, int epoch, int size, int batchSize) {
    this.batchSize = Math.min(batchSize, size);
    this.order = IntStream.range(0, size).toArray();
    int number =
        switch (stage) {
          case MLE -> 1;
          case SIGMAS -> 2;
          case ELBO -> 3;
        };
    // Two rounds of splitting keep neighbouring seeds, stages and epochs apart.
    long start =
        new SplittableRandom(seed).nextLong() + 0x9E3779B97F4A7C15L * (3L * epoch + number);
    SplittableRandom random = new SplittableRandom(start);
    this.key = new SplittableRandom(~start).nextLong();
    for (int i = size - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
  }

  /**
   * A number that stands for this epoch of this run, for {@link TrainingData#inEpoch}.
   *
   * @return the same for the same seed, stage and epoch
   */
  public long key() {
    return key;
  }

  /**
   * How many minibatches there are.
   *
   * @return N / B, rounded down
   */
  public int steps() {
    return order.length / batchSize;
  }

  /**
   * Examples in a minibatch.
   *
   * @return B, at most N
   */
  public int batchSize() {
    return batchSize;
  }

  /**
   * The examples of one minibatch.
   *
   * @param step the minibatch, from 0
   * @return their numbers, a fresh array
   */
  public int[] batch(int step) {
    return Arrays.copyOfRange(order, step * batchSize, (step + 1) * batchSize);
  }

  /** As many examples from the step's first one on, past the end those of the beginning. */
  int[] window(int step, int count) {
    int[] picked = new int[Math.min(Math.max(count, batchSize), order.length)];
    for (int i = 0; i < picked.length; i++) {
      picked[i] = order[(step * batchSize + i) % order.length];
    }
    return picked;
  }
}
