package dev.viking.metrics;

import java.util.ArrayList;
import java.util.List;

/**
 * Accuracy against confidence in bins of equal width, and the calibration errors that follow from
 * it. Bins are closed on the left: an example with confidence c belongs to the last bin whose lower
 * edge, computed as k times 1/M, is not above c. Immutable.
 *
 * @param bins the bins in ascending order
 * @param counted number of examples that lie in one of the bins
 * @param dropped number of examples that were left out, 0 except in the paper's variant
 */
public record Reliability(List<ReliabilityBin> bins, int counted, int dropped) {
  /** Bins of the usual calibration error. */
  public static final int USUAL_BINS = 15;

  /** Bins of the paper's evaluation code. */
  public static final int PAPER_BINS = 100;

  /**
   * Makes the record.
   *
   * @param bins the bins in ascending order
   * @param counted number of examples that lie in one of the bins
   * @param dropped number of examples that were left out
   */
  public Reliability {
    bins = List.copyOf(bins);
  }

  /**
   * Expected calibration error: the gaps of the bins, weighted with the fraction of the counted
   * examples in each.
   *
   * @return a number in [0, 1]; NaN when no example is counted
   */
  public double ece() {
    double sum = 0;
    for (ReliabilityBin bin : bins) {
      sum += bin.count() * bin.gap();
    }
    return counted == 0 ? Double.NaN : sum / counted;
  }

  /**
   * Maximum calibration error: the largest gap of any bin that is not empty.
   *
   * @return a number in [0, 1]; NaN when no example is counted
   */
  public double mce() {
    double largest = 0;
    for (ReliabilityBin bin : bins) {
      largest = Math.max(largest, bin.gap());
    }
    return counted == 0 ? Double.NaN : largest;
  }

  /**
   * Every example in one of M bins; confidence 1 counts in the last one.
   *
   * @param confidence largest probability of each example, in [0, 1]
   * @param correct whether that class is the right one
   * @param numBins number of bins M, at least 1
   * @return the filled bins
   * @throws InvalidPredictionsException when sizes differ, a confidence is not in [0, 1], or M is
   *     below 1
   */
  public static Reliability uniform(double[] confidence, boolean[] correct, int numBins) {
    return fill(confidence, correct, numBins, numBins);
  }

  /**
   * The bins as the paper's experiment code counts them: 100 bins of width 0.01, of which the last,
   * [0.99, 1], is never counted (its loop runs over the indices 0..99 of {@code numpy.digitize},
   * which start at 1), and weights renormalised over the examples that remain. So it is the
   * calibration error of the examples with confidence below 0.99 only, and much larger than {@link
   * #uniform} for a good classifier. For comparison with published numbers.
   *
   * @param confidence largest probability of each example, in [0, 1]
   * @param correct whether that class is the right one
   * @return the 99 bins that are counted
   * @throws InvalidPredictionsException when sizes differ or a confidence is not in [0, 1]
   */
  public static Reliability paper(double[] confidence, boolean[] correct) {
    return fill(confidence, correct, PAPER_BINS, PAPER_BINS - 1);
  }

  /**
   * Several evaluations as if all their examples were those of one: of several seeds, for a diagram
   * of what the method does and not of one of its runs. Its errors are those of the pooled
   * examples; gaps that point in opposite directions cancel, so they are at most the mean of the
   * single evaluations' where those have as many examples each.
   *
   * @param parts with the same bins; at least one
   * @return counts added up, accuracy and confidence as means over all examples of a bin
   * @throws InvalidPredictionsException when there is no part, or their bins differ
   */
  public static Reliability pooled(List<Reliability> parts) {
    if (parts.isEmpty()) {
      throw new InvalidPredictionsException(
          "Reliability.pooled: argument parts: given none; needed at least one");
    }
    List<ReliabilityBin> first = parts.getFirst().bins();
    List<ReliabilityBin> bins = new ArrayList<>();
    for (int k = 0; k < first.size(); k++) {
      int count = 0;
      double right = 0;
      double confidence = 0;
      for (Reliability part : parts) {
        requireSameBins(first, part.bins());
        ReliabilityBin bin = part.bins().get(k);
        count = Math.addExact(count, bin.count());
        right += bin.count() * bin.accuracy();
        confidence += bin.count() * bin.confidence();
      }
      double divisor = Math.max(1, count);
      bins.add(
          new ReliabilityBin(
              first.get(k).lower(),
              first.get(k).upper(),
              count,
              right / divisor,
              confidence / divisor));
    }
    return new Reliability(
        bins,
        parts.stream().mapToInt(Reliability::counted).reduce(0, Math::addExact),
        parts.stream().mapToInt(Reliability::dropped).reduce(0, Math::addExact));
  }

  private static void requireSameBins(List<ReliabilityBin> one, List<ReliabilityBin> other) {
    boolean same = one.size() == other.size();
    for (int k = 0; same && k < one.size(); k++) {
      same =
          one.get(k).lower() == other.get(k).lower() && one.get(k).upper() == other.get(k).upper();
    }
    if (!same) {
      throw new InvalidPredictionsException(
          "Reliability.pooled: argument parts: given "
              + one.size()
              + " bins and "
              + other.size()
              + "; needed the same bins in each");
    }
  }

  private static Reliability fill(
      double[] confidence, boolean[] correct, int numBins, int keptBins) {
    if (numBins < 1) {
      throw new InvalidPredictionsException(
          "Reliability: argument numBins: given " + numBins + "; needed at least 1");
    }
    if (confidence.length != correct.length) {
      throw new InvalidPredictionsException(
          "Reliability: argument correct: given "
              + correct.length
              + " values; needed "
              + confidence.length);
    }
    int[] count = new int[numBins];
    int[] right = new int[numBins];
    double[] sum = new double[numBins];
    for (int i = 0; i < confidence.length; i++) {
      int bin = binOf(confidence[i], i, numBins);
      count[bin]++;
      sum[bin] += confidence[i];
      right[bin] += correct[i] ? 1 : 0;
    }
    List<ReliabilityBin> bins = new ArrayList<>(keptBins);
    int counted = 0;
    for (int k = 0; k < keptBins; k++) {
      counted += count[k];
      // An empty bin has sums of zero; dividing them by one keeps both means zero.
      double divisor = Math.max(1, count[k]);
      bins.add(
          new ReliabilityBin(
              edge(k, numBins),
              edge(k + 1, numBins),
              count[k],
              right[k] / divisor,
              sum[k] / divisor));
    }
    return new Reliability(bins, counted, confidence.length - counted);
  }

  private static int binOf(double confidence, int index, int numBins) {
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new InvalidPredictionsException(
          "Reliability: argument confidence: given "
              + confidence
              + " at index "
              + index
              + "; needed 0..1");
    }
    int bin = (int) Math.min(numBins - 1.0, Math.floor(confidence * numBins));
    // The product may round across an edge; the edges decide.
    while (bin > 0 && confidence < edge(bin, numBins)) {
      bin--;
    }
    while (bin < numBins - 1 && confidence >= edge(bin + 1, numBins)) {
      bin++;
    }
    return bin;
  }

  // Multiplied, not divided, because numpy.linspace makes its edges that way.
  private static double edge(int k, int numBins) {
    return k == numBins ? 1.0 : k * (1.0 / numBins);
  }
}
