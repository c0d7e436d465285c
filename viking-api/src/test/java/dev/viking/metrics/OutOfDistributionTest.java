package dev.viking.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against counting of pairs and thresholds one by one. */
class OutOfDistributionTest {

  /** Few levels make ties, many make none. */
  @ParameterizedTest
  @CsvSource({"40,30,3", "40,30,12", "17,53,1000000", "1,1,2", "5,1,1", "100,7,20"})
  void everyMeasureIsWhatCountingGives(int insideCount, int outsideCount, int levels) {
    for (int seed = 0; seed < 25; seed++) {
      Random random = new Random(seed);
      double[] inside = random.doubles(insideCount).map(x -> Math.floor(x * levels)).toArray();
      double[] outside =
          random.doubles(outsideCount).map(x -> Math.floor((x + 0.3) * levels)).toArray();
      OutOfDistribution found = OutOfDistribution.of(inside, outside);
      assertThat(found.auroc()).isCloseTo(pairs(inside, outside), within(1e-12));
      assertThat(found.aupr()).isCloseTo(averagePrecision(inside, outside), within(1e-12));
      assertThat(found.fpr95()).isCloseTo(fpr95(inside, outside), within(1e-12));
    }
  }

  private static double pairs(double[] inside, double[] outside) {
    double sum = 0;
    for (double in : inside) {
      for (double out : outside) {
        sum += out > in ? 1 : out == in ? 0.5 : 0;
      }
    }
    return sum / ((double) inside.length * outside.length);
  }

  private static double averagePrecision(double[] inside, double[] outside) {
    double[] thresholds = Arrays.stream(outside).distinct().sorted().toArray();
    double sum = 0;
    double recallBefore = 0;
    for (int t = thresholds.length - 1; t >= 0; t--) {
      double threshold = thresholds[t];
      double hits = Arrays.stream(outside).filter(x -> x >= threshold).count();
      double alarms = Arrays.stream(inside).filter(x -> x >= threshold).count();
      double recall = hits / outside.length;
      sum += (recall - recallBefore) * hits / (hits + alarms);
      recallBefore = recall;
    }
    return sum;
  }

  private static double fpr95(double[] inside, double[] outside) {
    double[] sorted = inside.clone();
    Arrays.sort(sorted);
    double place = 0.95 * (sorted.length - 1);
    int low = (int) place;
    int high = Math.min(low + 1, sorted.length - 1);
    double threshold = sorted[low] * (1 - (place - low)) + sorted[high] * (place - low);
    double tolerance = 1e-12 * Math.max(1, Math.abs(threshold));
    long taken = Arrays.stream(outside).filter(x -> x <= threshold + tolerance).count();
    return (double) taken / outside.length;
  }

  @Test
  void extremesAreOneAndZero() {
    double[] low = {0.1, 0.2, 0.3};
    double[] high = {0.7, 0.8};
    assertThat(OutOfDistribution.of(low, high)).isEqualTo(new OutOfDistribution(1, 1, 0));
    OutOfDistribution reversed = OutOfDistribution.of(high, low);
    assertThat(reversed.auroc()).isZero();
    assertThat(reversed.fpr95()).isEqualTo(1);
    // All scores alike: chance, and everything outside is taken for inside.
    OutOfDistribution chance = OutOfDistribution.of(new double[3], new double[2]);
    assertThat(chance).isEqualTo(new OutOfDistribution(0.5, 0.4, 1));
  }

  @Test
  void numpysPercentileAndScikitLearnsValuesComeOut() {
    // sklearn.metrics.roc_auc_score and average_precision_score of y = [0]*5 + [1]*4.
    double[] inside = {0.1, 0.4, 0.35, 0.8, 0.2};
    double[] outside = {0.4, 0.9, 0.3, 0.8};
    OutOfDistribution found = OutOfDistribution.of(inside, outside);
    // Pairs won: 3.5 (of 0.4), 5 (0.9), 2 (0.3), 4.5 (0.8).
    assertThat(found.auroc()).isCloseTo(15.0 / 20, within(1e-12));
    // Thresholds 0.9, 0.8, 0.4, 0.3: precisions 1, 2/3, 3/5, 4/7.
    assertThat(found.aupr()).isCloseTo((1 + 2.0 / 3 + 3.0 / 5 + 4.0 / 7) / 4, within(1e-12));
    // numpy.percentile(inside, 95) = 0.72: 0.4 and 0.3 are at or below it.
    assertThat(found.fpr95()).isEqualTo(0.5);
  }

  @Test
  void infiniteScoresAreComparedNotComputedWith() {
    double infinity = Double.POSITIVE_INFINITY;
    OutOfDistribution found =
        OutOfDistribution.of(new double[] {0, infinity}, new double[] {infinity, 1});
    assertThat(found.auroc()).isEqualTo((0.5 + 1 + 1) / 4);
  }

  @Test
  void badScoresAreRefused() {
    assertThatThrownBy(() -> OutOfDistribution.of(new double[0], new double[1]))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("inside");
    assertThatThrownBy(() -> OutOfDistribution.of(new double[1], new double[] {0, Double.NaN}))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("outside: given NaN at index 1");
  }
}
