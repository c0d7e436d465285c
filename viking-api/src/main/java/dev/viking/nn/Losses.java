package dev.viking.nn;

/** The losses of the VIKING paper. */
public final class Losses {
  private static final Loss SOFTMAX_CROSS_ENTROPY = new SoftmaxCrossEntropy(true);

  private Losses() {}

  /**
   * Cross-entropy of the softmax of the outputs, {@code logsumexp(outputs) - outputs[label]}.
   *
   * <p>Targets: int64 labels [B] in [0, C). On the CPU a label out of range is an {@link
   * dev.viking.torch.IndexException}. On other devices nothing waits for the labels, and the loss
   * of an example with such a label is NaN; {@link Loss#checkValues} tells then.
   *
   * @return the loss
   */
  public static Loss softmaxCrossEntropy() {
    return SOFTMAX_CROSS_ENTROPY;
  }

  /**
   * Cross-entropy of the logistic function of one output, {@code softplus(z) - y z}.
   *
   * <p>Targets: the outputs' dtype, [B] or [B, 1], usually 0 or 1. Outputs: [B, 1].
   *
   * @return the loss
   */
  public static Loss sigmoidBinaryCrossEntropy() {
    return SigmoidBinaryCrossEntropy.INSTANCE;
  }

  /**
   * Half the squared distance, {@code sum((outputs - targets)^2) / 2}.
   *
   * <p>Targets: the outputs' dtype, [B, C], or [B] where C is 1.
   *
   * @return the loss
   */
  public static Loss halfSquaredError() {
    return new SquaredError(1, 0);
  }

  /**
   * Negative log-density of a Gaussian with the same known noise in each output: {@code
   * sum((outputs - targets)^2) / (2 noiseStd^2) + C log(noiseStd sqrt(2 pi))}.
   *
   * <p>Targets: as for {@link #halfSquaredError()}.
   *
   * @param noiseStd standard deviation of the noise, positive
   * @return the loss
   * @throws dev.viking.torch.ArgumentException when the standard deviation is not positive and
   *     finite
   */
  public static Loss gaussian(double noiseStd) {
    Checks.range(
        "Losses.gaussian", "noiseStd", noiseStd, Double.MIN_NORMAL, Double.POSITIVE_INFINITY);
    return new SquaredError(
        1 / (noiseStd * noiseStd), Math.log(noiseStd) + 0.5 * Math.log(2 * Math.PI));
  }
}
