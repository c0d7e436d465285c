package dev.viking.data;

import dev.viking.torch.ArgumentException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cuts a set of examples into minibatches. The order of an epoch depends on the seed and the
 * epoch's number alone, so a run that is resumed in epoch e sees exactly what the uninterrupted run
 * saw. Immutable, for any number of threads.
 */
public final class Batches {
  private final int[] indices;
  private final int batchSize;
  private final boolean dropLast;
  private final boolean shuffled;
  private final long seed;

  private Batches(int[] indices, int batchSize, boolean dropLast, boolean shuffled, long seed) {
    if (batchSize < 1) {
      throw new ArgumentException(
          "Batches: argument batchSize: given " + batchSize + "; needed at least 1");
    }
    this.indices = indices.clone();
    this.batchSize = batchSize;
    this.dropLast = dropLast;
    this.shuffled = shuffled;
    this.seed = seed;
  }

  /**
   * Batches in a new random order every epoch.
   *
   * @param indices the examples to visit
   * @param batchSize examples in one batch, at least 1
   * @param dropLast whether a last batch that is not full is left out
   * @param seed chooses the orders
   * @return the batches
   * @throws ArgumentException when the batch size is below 1
   */
  public static Batches shuffled(int[] indices, int batchSize, boolean dropLast, long seed) {
    return new Batches(indices, batchSize, dropLast, true, seed);
  }

  /**
   * Batches in a new random order every epoch, over examples 0..count-1.
   *
   * @param count number of examples
   * @param batchSize examples in one batch, at least 1
   * @param dropLast whether a last batch that is not full is left out
   * @param seed chooses the orders
   * @return the batches
   * @throws ArgumentException when the count is negative or the batch size below 1
   */
  public static Batches shuffled(int count, int batchSize, boolean dropLast, long seed) {
    return shuffled(firstIndices(count), batchSize, dropLast, seed);
  }

  /**
   * Batches in the order given, the same every epoch.
   *
   * @param indices the examples to visit
   * @param batchSize examples in one batch, at least 1
   * @param dropLast whether a last batch that is not full is left out
   * @return the batches
   * @throws ArgumentException when the batch size is below 1
   */
  public static Batches sequential(int[] indices, int batchSize, boolean dropLast) {
    return new Batches(indices, batchSize, dropLast, false, 0);
  }

  /**
   * Batches in order, over examples 0..count-1.
   *
   * @param count number of examples
   * @param batchSize examples in one batch, at least 1
   * @param dropLast whether a last batch that is not full is left out
   * @return the batches
   * @throws ArgumentException when the count is negative or the batch size below 1
   */
  public static Batches sequential(int count, int batchSize, boolean dropLast) {
    return sequential(firstIndices(count), batchSize, dropLast);
  }

  /**
   * The batches of one epoch.
   *
   * @param epoch the epoch's number; sequential batches ignore it
   * @return indices of the examples, batch by batch; new arrays
   */
  public List<int[]> epoch(long epoch) {
    int[] order = indices.clone();
    if (shuffled) {
      new SplitMix64(seed, epoch).shuffle(order);
    }
    int number = batchesPerEpoch();
    List<int[]> batches = new ArrayList<>(number);
    for (int b = 0; b < number; b++) {
      int from = b * batchSize;
      batches.add(Arrays.copyOfRange(order, from, Math.min(from + batchSize, order.length)));
    }
    return batches;
  }

  /**
   * How many batches an epoch has.
   *
   * @return the number of batches, without the last one where it is dropped
   */
  public int batchesPerEpoch() {
    int full = indices.length / batchSize;
    return dropLast || indices.length % batchSize == 0 ? full : full + 1;
  }

  /**
   * How many examples an epoch visits.
   *
   * @return the number of examples, without those of a dropped batch
   */
  public int examplesPerEpoch() {
    return dropLast ? batchesPerEpoch() * batchSize : indices.length;
  }

  private static int[] firstIndices(int count) {
    if (count < 0) {
      throw new ArgumentException(
          "Batches: argument count: given " + count + "; needed at least 0");
    }
    return IntStream.range(0, count).toArray();
  }
}
