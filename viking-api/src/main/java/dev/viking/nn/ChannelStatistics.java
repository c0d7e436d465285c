package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import java.util.Arrays;

/**
 * Mean and variance of each channel, as a {@link BatchNorm2d} normalises with.
 *
 * @param mean one number for each channel, finite (copied)
 * @param variance one number for each channel, finite and at least 0 (copied)
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
public record ChannelStatistics(double[] mean, double[] variance) {
  /**
   * Checks and copies the numbers.
   *
   * @throws ArgumentException when there are none, not as many means as variances, or one is not
   *     finite or a variance negative
   */
  public ChannelStatistics {
    if (mean.length == 0 || mean.length != variance.length) {
      throw new ArgumentException(
          "ChannelStatistics: "
              + mean.length
              + " means and "
              + variance.length
              + " variances given, as many of both and at least one needed");
    }
    for (int i = 0; i < mean.length; i++) {
      if (!Double.isFinite(mean[i]) || !(variance[i] >= 0 && Double.isFinite(variance[i]))) {
        throw new ArgumentException(
            "ChannelStatistics: mean "
                + mean[i]
                + " and variance "
                + variance[i]
                + " given for channel "
                + i
                + ", finite numbers and a variance of at least 0 needed");
      }
    }
    mean = mean.clone();
    variance = variance.clone();
  }

  /**
   * Mean 0 and variance 1, which a network starts with.
   *
   * @param channels number of channels, at least 1
   * @return the statistics
   */
  public static ChannelStatistics standard(int channels) {
    double[] variance = new double[channels];
    Arrays.fill(variance, 1);
    return new ChannelStatistics(new double[channels], variance);
  }

  /**
   * Number of channels.
   *
   * @return at least 1
   */
  public int channels() {
    return mean.length;
  }

  /**
   * The means.
   *
   * @return a fresh array
   */
  @Override
  public double[] mean() {
    return mean.clone();
  }

  /**
   * The variances.
   *
   * @return a fresh array
   */
  @Override
  public double[] variance() {
    return variance.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ChannelStatistics that
        && Arrays.equals(mean, that.mean)
        && Arrays.equals(variance, that.variance);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(mean) + Arrays.hashCode(variance);
  }

  @Override
  public String toString() {
    return "ChannelStatistics" + Arrays.toString(mean) + Arrays.toString(variance);
  }
}
