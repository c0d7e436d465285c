package dev.viking.posterior;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The minibatches of one epoch: a random order that depends on seed, stage and epoch only, so that
 * a resumed run sees what the uninterrupted one saw.
 */
final class EpochOrder {
  private final int[] order;
  private final int batchSize;

  EpochOrder(long seed, Stage stage, int epoch, int size, int batchSize) {
    this.batchSize = Math.min(batchSize, size);
    this.order = IntStream.range(0, size).toArray();
    int number =
        switch (stage) {
          case MLE -> 1;
          case SIGMAS -> 2;
          case ELBO -> 3;
        };
    // Two rounds of splitting keep neighbouring seeds, stages and epochs apart.
    SplittableRandom random =
        new SplittableRandom(
            new SplittableRandom(seed).nextLong() + 0x9E3779B97F4A7C15L * (3L * epoch + number));
    for (int i = size - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
  }

  int steps() {
    return order.length / batchSize;
  }

  int batchSize() {
    return batchSize;
  }

  int[] batch(int step) {
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
