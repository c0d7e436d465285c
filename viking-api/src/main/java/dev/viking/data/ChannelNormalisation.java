package dev.viking.data;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Takes each channel's mean from the pixels and divides them by the channel's standard deviation.
 * Immutable.
 *
 * @param means of each channel, of pixels from 0 to 1; as many as there are channels
 * @param deviations of each channel, above 0
 */
public record ChannelNormalisation(List<Double> means, List<Double> deviations) {
  private static final int LEVELS = 256;
  private static final double WHITE = 255;

  /**
   * Checks the numbers.
   *
   * @throws ArgumentException when the lists differ in length or are empty, a mean is not finite,
   *     or a deviation not above 0
   */
  public ChannelNormalisation {
    means = List.copyOf(means);
    deviations = List.copyOf(deviations);
    boolean right = !means.isEmpty() && means.size() == deviations.size();
    right &= means.stream().allMatch(Double::isFinite);
    right &= deviations.stream().allMatch(it -> it > 0 && Double.isFinite(it));
    if (!right) {
      throw new ArgumentException(
          "ChannelNormalisation: given means "
              + means
              + " and deviations "
              + deviations
              + "; as many finite means as deviations above 0 are needed, at least one");
    }
  }

  /**
   * The one that changes nothing.
   *
   * @param channels how many, at least 1
   * @return means 0, deviations 1
   * @throws ArgumentException when there is no channel
   */
  public static ChannelNormalisation none(int channels) {
    return new ChannelNormalisation(
        Collections.nCopies(Math.max(0, channels), 0.0),
        Collections.nCopies(Math.max(0, channels), 1.0));
  }

  /**
   * The statistics of images: population mean and standard deviation over all their pixels. A
   * channel that is everywhere the same keeps the deviation 1.
   *
   * @param images at least one
   * @return what makes these images' channels have mean 0 and deviation 1
   * @throws ArgumentException when there are no images
   */
  public static ChannelNormalisation of(LabelledImages images) {
    if (images.count() == 0) {
      throw new ArgumentException(
          "ChannelNormalisation.of: argument images: given none; needed at least one");
    }
    Double[] means = new Double[images.channels()];
    Double[] deviations = new Double[images.channels()];
    for (int channel = 0; channel < images.channels(); channel++) {
      long[] histogram = images.histogram(channel);
      double all = Arrays.stream(histogram).sum();
      double mean = 0;
      for (int level = 0; level < LEVELS; level++) {
        mean += histogram[level] / all * (level / WHITE);
      }
      double variance = 0;
      for (int level = 0; level < LEVELS; level++) {
        double off = level / WHITE - mean;
        variance += histogram[level] / all * off * off;
      }
      means[channel] = mean;
      deviations[channel] = Math.sqrt(variance) < 1e-6 ? 1.0 : Math.sqrt(variance);
    }
    return new ChannelNormalisation(List.of(means), List.of(deviations));
  }

  /**
   * Whether it changes nothing.
   *
   * @return true when all means are 0 and all deviations 1
   */
  public boolean isNone() {
    return equals(none(means.size()));
  }

  /**
   * Normalises.
   *
   * @param images [B, C, H, W], floating, pixels from 0 to 1, on any device; borrowed
   * @return a tensor of the same shape, type and device in the current scope; the images themselves
   *     when this changes nothing
   * @throws ShapeException when the images have another number of channels
   */
  public Tensor apply(Tensor images) {
    if (images.dim() != 4 || images.size(1) != means.size()) {
      throw new ShapeException(
          "ChannelNormalisation.apply: images have shape "
              + Arrays.toString(images.shape())
              + "; [B, "
              + means.size()
              + ", H, W] is needed");
    }
    if (isNone()) {
      return images;
    }
    return images.sub(column(means, images)).div(column(deviations, images));
  }

  private static Tensor column(List<Double> values, Tensor like) {
    double[] array = values.stream().mapToDouble(Double::doubleValue).toArray();
    return Tensor.of(array, array.length, 1, 1).to(like.dtype()).to(like.device());
  }
}
