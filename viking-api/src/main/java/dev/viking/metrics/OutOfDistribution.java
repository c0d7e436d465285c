package dev.viking.metrics;

import java.util.Arrays;

/**
 * How well a score tells examples that are not of the training distribution from those that are.
 * Larger scores stand for "not of it"; such examples are the positives. Immutable.
 *
 * @param auroc probability that a random example from outside has a larger score than a random one
 *     from inside; ties count half. 0.5 is chance
 * @param aupr average precision: precision averaged over recall, in steps at each distinct score,
 *     as scikit-learn has it. The share of examples from outside is chance
 * @param fpr95 fraction of examples from outside that are taken for inside when 95 % of those from
 *     inside are: with a score at or below the 95th percentile (linearly interpolated) of the
 *     scores inside, as in the authors' code. 0 is best
 */
public record OutOfDistribution(double auroc, double aupr, double fpr95) {
  private static final double QUANTILE = 0.95;

  /**
   * Compares the scores of two sets.
   *
   * @param inside scores of examples of the training distribution, at least one
   * @param outside scores of the others, at least one
   * @return the measures
   * @throws InvalidPredictionsException when a set is empty or a score is NaN
   */
  public static OutOfDistribution of(double[] inside, double[] outside) {
    double[] in = sorted("inside", inside);
    double[] out = sorted("outside", outside);
    double threshold = quantile(in);
    return new OutOfDistribution(
        auroc(in, out), averagePrecision(in, out), (double) atMost(out, threshold) / out.length);
  }

  private static double[] sorted(String argument, double[] scores) {
    if (scores.length == 0) {
      throw new InvalidPredictionsException(
          "OutOfDistribution: argument " + argument + ": given no score; needed at least one");
    }
    double[] copy = scores.clone();
    for (int i = 0; i < copy.length; i++) {
      if (Double.isNaN(copy[i])) {
        throw new InvalidPredictionsException(
            "OutOfDistribution: argument "
                + argument
                + ": given NaN at index "
                + i
                + "; needed numbers");
      }
      copy[i] += 0.0; // sorting takes -0 for less than 0
    }
    Arrays.sort(copy);
    return copy;
  }

  /** Pairs with the outside score larger, ties half; by one walk over both sorted arrays. */
  private static double auroc(double[] in, double[] out) {
    double pairs = 0;
    int below = 0;
    int upTo = 0;
    for (double score : out) {
      while (below < in.length && in[below] < score) {
        below++;
      }
      while (upTo < in.length && in[upTo] <= score) {
        upTo++;
      }
      pairs += below + 0.5 * (upTo - below);
    }
    return pairs / ((double) in.length * out.length);
  }

  private static double averagePrecision(double[] in, double[] out) {
    double sum = 0;
    int i = in.length;
    int o = out.length;
    while (o > 0) {
      double threshold = i > 0 ? Math.max(in[i - 1], out[o - 1]) : out[o - 1];
      int before = o;
      while (o > 0 && out[o - 1] == threshold) {
        o--;
      }
      while (i > 0 && in[i - 1] == threshold) {
        i--;
      }
      double found = out.length - o;
      sum += (before - o) * found / (found + in.length - i);
    }
    return sum / out.length;
  }

  private static double quantile(double[] sorted) {
    double position = QUANTILE * (sorted.length - 1);
    int below = (int) Math.floor(position);
    int above = Math.min(below + 1, sorted.length - 1);
    double low = sorted[below];
    // Not interpolated where there is nothing between, which also keeps infinities.
    return low == sorted[above] ? low : low + (position - below) * (sorted[above] - low);
  }

  private static int atMost(double[] sorted, double threshold) {
    int count = 0;
    while (count < sorted.length && sorted[count] <= threshold) {
      count++;
    }
    return count;
  }
}
