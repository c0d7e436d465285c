package dev.viking.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * How accuracy grows when the least confident predictions are rejected: a confidence that knows
 * where it is wrong makes it rise quickly. Immutable.
 *
 * <p>Examples of equal confidence count as rejected in random order, on average.
 *
 * @param points from few predictions kept to all of them; never changed
 * @param area mean accuracy over all numbers of predictions kept, 1 to N; 1 is best
 */
public record AccuracyRejection(List<Point> points, double area) {

  /**
   * A point of the curve.
   *
   * @param kept fraction of predictions that are kept, above 0, at most 1
   * @param accuracy among those
   */
  public record Point(double kept, double accuracy) {}

  /** Copies the points. */
  public AccuracyRejection {
    points = List.copyOf(points);
  }

  /**
   * The curve of given predictions.
   *
   * @param confidence N numbers, larger for what is kept longer
   * @param correct whether each prediction is right
   * @param numPoints points at equal distances, at least 1
   * @return the curve
   * @throws InvalidPredictionsException when sizes do not fit, a confidence is NaN, or there is
   *     nothing
   */
  static AccuracyRejection of(double[] confidence, boolean[] correct, int numPoints) {
    int n = confidence.length;
    if (n == 0 || n != correct.length || numPoints < 1) {
      throw new InvalidPredictionsException(
          "AccuracyRejection: arguments confidence, correct, numPoints: given "
              + n
              + ", "
              + correct.length
              + " and "
              + numPoints
              + "; needed equal numbers of predictions and at least 1 point");
    }
    Integer[] order = new Integer[n];
    for (int i = 0; i < n; i++) {
      if (Double.isNaN(confidence[i])) {
        throw new InvalidPredictionsException(
            "AccuracyRejection: argument confidence: given NaN at index " + i + "; needed numbers");
      }
      order[i] = i;
    }
    Arrays.sort(order, Comparator.comparingDouble(i -> -confidence[i]));
    double[] accuracy = new double[n];
    double right = 0;
    double area = 0;
    for (int from = 0; from < n; ) {
      int to = from;
      int rightHere = 0;
      while (to < n && confidence[order[to]] == confidence[order[from]]) {
        rightHere += correct[order[to]] ? 1 : 0;
        to++;
      }
      for (int i = from; i < to; i++) {
        double inGroup = (double) rightHere * (i + 1 - from) / (to - from);
        accuracy[i] = (right + inGroup) / (i + 1);
        area += accuracy[i] / n;
      }
      right += rightHere;
      from = to;
    }
    List<Point> points = new ArrayList<>();
    for (int k = 1; k <= numPoints; k++) {
      int kept = (int) Math.max(1, Math.ceilDiv((long) k * n, numPoints));
      points.add(new Point((double) kept / n, accuracy[kept - 1]));
    }
    return new AccuracyRejection(points, area);
  }
}
