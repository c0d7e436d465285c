package dev.viking.data;

import dev.viking.torch.ArgumentException;
import java.util.Arrays;
import java.util.stream.IntStream;

/** A set divided into examples for training and examples for validation. Immutable. */
public final class Splits {
  private final int[] train;
  private final int[] validation;

  private Splits(int[] train, int[] validation) {
    this.train = train;
    this.validation = validation;
  }

  /**
   * The first examples for training, the rest for validation; 60,000 and 55,000 give the split that
   * the paper's experiments use for MNIST and Fashion-MNIST.
   *
   * @param count number of examples
   * @param trainCount how many of them train, 0..count
   * @return the two ranges
   * @throws ArgumentException when a count is out of range
   */
  public static Splits byRange(int count, int trainCount) {
    check("byRange", "trainCount", count, trainCount);
    return new Splits(
        IntStream.range(0, trainCount).toArray(), IntStream.range(trainCount, count).toArray());
  }

  /**
   * A random choice of validation examples.
   *
   * @param count number of examples
   * @param validationCount how many of them validate, 0..count
   * @param seed decides which
   * @return two disjoint sets that cover 0..count-1, each in ascending order
   * @throws ArgumentException when a count is out of range
   */
  public static Splits seeded(int count, int validationCount, long seed) {
    check("seeded", "validationCount", count, validationCount);
    int[] order = IntStream.range(0, count).toArray();
    new SplitMix64(seed, 0x5371L).shuffle(order);
    int[] validation = Arrays.copyOf(order, validationCount);
    int[] train = Arrays.copyOfRange(order, validationCount, count);
    Arrays.sort(validation);
    Arrays.sort(train);
    return new Splits(train, validation);
  }

  /**
   * Examples for training.
   *
   * @return their indices; a new array
   */
  public int[] train() {
    return train.clone();
  }

  /**
   * Examples for validation.
   *
   * @return their indices; a new array
   */
  public int[] validation() {
    return validation.clone();
  }

  private static void check(String method, String argument, int count, int part) {
    if (count < 0) {
      throw new ArgumentException(
          "Splits." + method + ": argument count: given " + count + "; needed at least 0");
    }
    if (part < 0 || part > count) {
      throw new ArgumentException(
          "Splits."
              + method
              + ": argument "
              + argument
              + ": given "
              + part
              + "; needed 0.."
              + count);
    }
  }
}
