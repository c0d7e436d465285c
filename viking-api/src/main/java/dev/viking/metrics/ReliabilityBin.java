package dev.viking.metrics;

/**
 * Examples whose confidence lies in one interval [lower, upper).
 *
 * @param lower smallest confidence that belongs here
 * @param upper smallest confidence that no longer belongs here; the last bin of {@link
 *     Reliability#uniform} also holds confidence 1
 * @param count number of examples
 * @param accuracy fraction of them that are classified correctly, 0 when there are none
 * @param confidence mean of their confidence, 0 when there are none
 */
public record ReliabilityBin(
    double lower, double upper, int count, double accuracy, double confidence) {
  /**
   * How far confidence and accuracy are apart.
   *
   * @return the absolute difference, 0 for an empty bin
   */
  public double gap() {
    return Math.abs(accuracy - confidence);
  }
}
