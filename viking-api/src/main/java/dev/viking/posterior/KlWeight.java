package dev.viking.posterior;

import dev.viking.torch.ArgumentException;

/**
 * The factor beta in front of the KL divergence of a minibatch's objective.
 *
 * <p>The expectation is a sum over the minibatch, so the unbiased weight is B / N for minibatches
 * of B out of N examples; {@code relativeTo(1)} is that one. The authors' experiments use the fixed
 * weight 0.01, which for MNIST in batches of 32 is 17.2 times the unbiased one.
 *
 * @param value the factor
 * @param relative whether the factor multiplies B / N; otherwise it is beta itself
 */
public record KlWeight(double value, boolean relative) {

  /**
   * Checks the value.
   *
   * @throws ArgumentException when it is negative or not finite
   */
  public KlWeight {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new ArgumentException(
          "KlWeight: value is " + value + "; a finite number that is not negative is needed");
    }
  }

  /**
   * A multiple of the unbiased weight.
   *
   * @param multiple 1 for the unbiased objective, less for a cold posterior, more for a hot one
   * @return the weight multiple * B / N
   */
  public static KlWeight relativeTo(double multiple) {
    return new KlWeight(multiple, true);
  }

  /**
   * The same weight whatever the sizes.
   *
   * @param beta the weight
   * @return the weight beta
   */
  public static KlWeight absolute(double beta) {
    return new KlWeight(beta, false);
  }

  /**
   * The weight for given sizes.
   *
   * @param batchSize B, examples in the minibatch
   * @param dataSize N, examples in the data set
   * @return beta
   */
  public double of(long batchSize, long dataSize) {
    return relative ? value * batchSize / dataSize : value;
  }
}
