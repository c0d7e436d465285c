package dev.viking.metrics;

import dev.viking.torch.DTypeException;
import dev.viking.torch.Tensor;

/**
 * Predicted class probabilities of N examples next to their labels, and every metric of them. Made
 * from probabilities, or from the logits of S posterior samples; only the latter tell the paper's
 * NLL from the usual one. Where two classes are equally probable the lower one is predicted.
 * Immutable.
 */
public final class Classification {
  private static final double SUM_TOLERANCE = 1e-3;

  private final int[] labels;
  private final double[] confidence;
  private final boolean[] correct;
  private final double accuracy;
  private final double nll;
  private final double expectedNll;
  private final double brier;

  private Classification(
      int classes, int[] labels, double[] probabilities, double[] logLikelihood, double[] meanLog) {
    int n = labels.length;
    this.labels = labels.clone();
    this.confidence = new double[n];
    this.correct = new boolean[n];
    int right = 0;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      int best = 0;
      for (int c = 0; c < classes; c++) {
        double p = probabilities[i * classes + c];
        best = p > probabilities[i * classes + best] ? c : best;
        double error = p - (c == labels[i] ? 1 : 0);
        squares += error * error;
      }
      // A sum of rounded probabilities may exceed one by an ulp; no confidence does.
      confidence[i] = Math.min(1, probabilities[i * classes + best]);
      correct[i] = best == labels[i];
      right += correct[i] ? 1 : 0;
    }
    this.accuracy = (double) right / n;
    this.brier = squares / n;
    // Subtracted from zero, so that a perfect score is 0 and not -0.
    this.nll = 0 - mean(logLikelihood);
    this.expectedNll = 0 - mean(meanLog);
  }

  /**
   * Metrics of probabilities; the paper's NLL equals the usual one here.
   *
   * @param probabilities N rows of C probabilities that sum to one within 0.001
   * @param labels N classes in 0..C-1
   * @return the metrics
   * @throws InvalidPredictionsException when a row is no distribution, a label is out of range, or
   *     sizes do not fit
   */
  public static Classification of(double[][] probabilities, int[] labels) {
    int classes = probabilities.length == 0 ? 0 : probabilities[0].length;
    double[] flat = new double[Math.multiplyExact(probabilities.length, classes)];
    for (int i = 0; i < probabilities.length; i++) {
      if (probabilities[i].length != classes) {
        throw new InvalidPredictionsException(
            "Classification: argument probabilities: given "
                + probabilities[i].length
                + " values in row "
                + i
                + "; needed "
                + classes
                + " as in row 0");
      }
      System.arraycopy(probabilities[i], 0, flat, i * classes, classes);
    }
    return of(flat, classes, labels);
  }

  /**
   * Metrics of probabilities; the paper's NLL equals the usual one here.
   *
   * @param probabilities row-major [N, C], each row summing to one within 0.001
   * @param classes number of classes C
   * @param labels N classes in 0..C-1
   * @return the metrics
   * @throws InvalidPredictionsException when a row is no distribution, a label is out of range, or
   *     sizes do not fit
   */
  public static Classification of(double[] probabilities, int classes, int[] labels) {
    checkSizes("probabilities", probabilities.length, 1, classes, labels);
    double[] logLikelihood = new double[labels.length];
    for (int i = 0; i < labels.length; i++) {
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        double p = probabilities[i * classes + c];
        if (!(p >= 0 && p <= 1 + SUM_TOLERANCE)) {
          throw new InvalidPredictionsException(
              "Classification: argument probabilities: given "
                  + p
                  + " for example "
                  + i
                  + ", class "
                  + c
                  + "; needed 0..1");
        }
        sum += p;
      }
      if (Math.abs(sum - 1) > SUM_TOLERANCE) {
        throw new InvalidPredictionsException(
            "Classification: argument probabilities: given a row that sums to "
                + sum
                + " for example "
                + i
                + "; needed a sum of 1");
      }
      logLikelihood[i] = Math.log(probabilities[i * classes + labels[i]]);
    }
    return new Classification(classes, labels, probabilities, logLikelihood, logLikelihood);
  }

  /**
   * Metrics of probabilities; the paper's NLL equals the usual one here.
   *
   * @param probabilities row-major [N, C], each row summing to one within 0.001
   * @param classes number of classes C
   * @param labels N classes in 0..C-1
   * @return the metrics
   * @throws InvalidPredictionsException when a row is no distribution, a label is out of range, or
   *     sizes do not fit
   */
  public static Classification of(float[] probabilities, int classes, int[] labels) {
    return of(widen(probabilities), classes, labels);
  }

  /**
   * Metrics of the mean of the softmax over posterior samples. Log-probabilities are logits too:
   * softmax leaves them as they are.
   *
   * @param logits row-major [S, N, C], finite, or negative infinity for a class that is impossible
   * @param samples number of samples S, at least 1; 1 for a point estimate
   * @param classes number of classes C
   * @param labels N classes in 0..C-1
   * @return the metrics
   * @throws InvalidPredictionsException when a logit is not usable, a label is out of range, or
   *     sizes do not fit
   */
  public static Classification ofLogits(double[] logits, int samples, int classes, int[] labels) {
    checkSizes("logits", logits.length, samples, classes, labels);
    int n = labels.length;
    double[] probabilities = new double[n * classes];
    double[] predictive = new double[n];
    double[] expected = new double[n];
    double[] ownLog = new double[samples];
    for (int i = 0; i < n; i++) {
      for (int s = 0; s < samples; s++) {
        int row = (s * n + i) * classes;
        double normaliser = logSumExp(logits, row, classes, i);
        for (int c = 0; c < classes; c++) {
          probabilities[i * classes + c] += Math.exp(logits[row + c] - normaliser) / samples;
        }
        ownLog[s] = logits[row + labels[i]] - normaliser;
        expected[i] += ownLog[s] / samples;
      }
      predictive[i] = logMeanExp(ownLog);
    }
    return new Classification(classes, labels, probabilities, predictive, expected);
  }

  /**
   * Metrics of the mean of the softmax over posterior samples.
   *
   * @param logits row-major [S, N, C], finite, or negative infinity for a class that is impossible
   * @param samples number of samples S, at least 1; 1 for a point estimate
   * @param classes number of classes C
   * @param labels N classes in 0..C-1
   * @return the metrics
   * @throws InvalidPredictionsException when a logit is not usable, a label is out of range, or
   *     sizes do not fit
   */
  public static Classification ofLogits(float[] logits, int samples, int classes, int[] labels) {
    return ofLogits(widen(logits), samples, classes, labels);
  }

  /**
   * Metrics of the mean of the softmax over posterior samples.
   *
   * @param logits float32 or float64 tensor [S, N, C], or [N, C] for a point estimate; borrowed
   * @param labels N classes in 0..C-1
   * @return the metrics
   * @throws InvalidPredictionsException when a logit is not usable, a label is out of range, or
   *     sizes do not fit
   * @throws DTypeException when the tensor has another dtype
   */
  public static Classification ofLogits(Tensor logits, int[] labels) {
    long[] shape = logits.shape();
    if (shape.length != 2 && shape.length != 3) {
      throw new InvalidPredictionsException(
          "Classification: argument logits: given "
              + shape.length
              + " dimensions; needed [N, C] or [S, N, C]");
    }
    if (shape[shape.length - 2] != labels.length) {
      throw new InvalidPredictionsException(
          "Classification: argument labels: given "
              + labels.length
              + "; needed "
              + shape[shape.length - 2]
              + ", one for each row of the logits");
    }
    int samples = shape.length == 3 ? Math.toIntExact(shape[0]) : 1;
    int classes = Math.toIntExact(shape[shape.length - 1]);
    return ofLogits(logits.toDoubleArray(), samples, classes, labels);
  }

  /**
   * Number of examples.
   *
   * @return the count N
   */
  public int count() {
    return labels.length;
  }

  /**
   * Fraction of examples whose most probable class is right.
   *
   * @return a number in [0, 1]
   */
  public double accuracy() {
    return accuracy;
  }

  /**
   * Negative log-likelihood of the predictive distribution: the mean of -log of the mean
   * probability of the label.
   *
   * @return at least 0; infinite when a label has probability zero
   */
  public double nll() {
    return nll;
  }

  /**
   * The NLL that the paper's code reports: the mean over samples and examples of -log of each
   * sample's probability of the label. At least {@link #nll} by Jensen's inequality, equal for one
   * sample.
   *
   * @return at least 0; infinite when a label has probability zero in one sample
   */
  public double expectedNll() {
    return expectedNll;
  }

  /**
   * Brier score: squared errors summed over classes, averaged over examples.
   *
   * @return a number in [0, 2]
   */
  public double brier() {
    return brier;
  }

  /**
   * Calibration over all examples.
   *
   * @param numBins number of bins, at least 1
   * @return the bins and their calibration errors
   * @throws InvalidPredictionsException when the number of bins is below 1
   */
  public Reliability reliability(int numBins) {
    return Reliability.uniform(confidence, correct, numBins);
  }

  /**
   * Calibration as the paper's code counts it.
   *
   * @return the bins and their calibration errors
   */
  public Reliability paperReliability() {
    return Reliability.paper(confidence, correct);
  }

  /**
   * How accuracy grows when the least confident predictions are rejected.
   *
   * @param numPoints points of the curve, at least 1
   * @return the curve
   * @throws InvalidPredictionsException when the number of points is below 1
   */
  public AccuracyRejection accuracyRejection(int numPoints) {
    return AccuracyRejection.of(confidence, correct, numPoints);
  }

  /**
   * Largest probability of each example.
   *
   * @return a new array of N numbers in [0, 1]
   */
  public double[] confidences() {
    return confidence.clone();
  }

  /**
   * All numbers at once.
   *
   * @return the metrics of this evaluation
   */
  public ClassificationMetrics metrics() {
    Reliability usual = reliability(Reliability.USUAL_BINS);
    Reliability paper = paperReliability();
    return new ClassificationMetrics(
        count(),
        accuracy,
        nll,
        expectedNll,
        brier,
        mean(confidence),
        usual.ece(),
        usual.mce(),
        paper.ece(),
        paper.mce(),
        paper.dropped());
  }

  private static void checkSizes(
      String argument, long length, int samples, int classes, int[] labels) {
    if (samples < 1 || classes < 1 || labels.length == 0) {
      throw new InvalidPredictionsException(
          "Classification: arguments samples, classes, labels: given "
              + samples
              + " samples, "
              + classes
              + " classes, "
              + labels.length
              + " labels; needed at least 1 each");
    }
    long needed;
    try {
      needed = Math.multiplyExact(Math.multiplyExact((long) samples, classes), labels.length);
    } catch (ArithmeticException overflow) {
      needed = Long.MAX_VALUE;
    }
    if (length != needed) {
      throw new InvalidPredictionsException(
          "Classification: argument "
              + argument
              + ": given "
              + length
              + " values for "
              + samples
              + " samples, "
              + labels.length
              + " labels, "
              + classes
              + " classes; needed "
              + needed);
    }
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new InvalidPredictionsException(
            "Classification: argument labels: given "
                + labels[i]
                + " at index "
                + i
                + "; needed 0.."
                + (classes - 1));
      }
    }
  }

  private static double logSumExp(double[] values, int from, int length, int example) {
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < length; c++) {
      double value = values[from + c];
      if (Double.isNaN(value) || value == Double.POSITIVE_INFINITY) {
        throw new InvalidPredictionsException(
            "Classification: argument logits: given "
                + value
                + " for example "
                + example
                + ", class "
                + c
                + "; needed finite numbers");
      }
      max = Math.max(max, value);
    }
    if (max == Double.NEGATIVE_INFINITY) {
      throw new InvalidPredictionsException(
          "Classification: argument logits: given negative infinity for every class of example "
              + example
              + "; needed a finite number");
    }
    double sum = 0;
    for (int c = 0; c < length; c++) {
      sum += Math.exp(values[from + c] - max);
    }
    return max + Math.log(sum);
  }

  private static double logMeanExp(double[] values) {
    double max = Double.NEGATIVE_INFINITY;
    for (double value : values) {
      max = Math.max(max, value);
    }
    if (max == Double.NEGATIVE_INFINITY) {
      return max;
    }
    double sum = 0;
    for (double value : values) {
      sum += Math.exp(value - max);
    }
    return max + Math.log(sum / values.length);
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
