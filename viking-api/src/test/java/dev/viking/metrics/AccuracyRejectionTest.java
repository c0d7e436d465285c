package dev.viking.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AccuracyRejectionTest {

  @Test
  void theMostConfidentAreKeptLongest() {
    AccuracyRejection curve =
        AccuracyRejection.of(
            new double[] {0.9, 0.6, 0.8, 0.7}, new boolean[] {true, false, true, false}, 4);
    assertThat(curve.points())
        .containsExactly(
            new AccuracyRejection.Point(0.25, 1),
            new AccuracyRejection.Point(0.5, 1),
            new AccuracyRejection.Point(0.75, 2.0 / 3),
            new AccuracyRejection.Point(1, 0.5));
    assertThat(curve.area()).isCloseTo((1 + 1 + 2.0 / 3 + 0.5) / 4, within(1e-12));
  }

  @Test
  void tiesAreTheMeanOverTheirOrders() {
    double[] confidence = {0.9, 0.5, 0.5, 0.5, 0.5, 0.1};
    boolean[] correct = {true, true, false, false, true, false};
    AccuracyRejection found = AccuracyRejection.of(confidence, correct, 6);
    int rounds = 20_000;
    double[] sums = new double[6];
    Random random = new Random(1);
    for (int round = 0; round < rounds; round++) {
      List<Integer> tied = new ArrayList<>(List.of(1, 2, 3, 4));
      Collections.shuffle(tied, random);
      List<Integer> order = new ArrayList<>(List.of(0));
      order.addAll(tied);
      order.add(5);
      int right = 0;
      for (int i = 0; i < 6; i++) {
        right += correct[order.get(i)] ? 1 : 0;
        sums[i] += (double) right / (i + 1);
      }
    }
    for (int i = 0; i < 6; i++) {
      assertThat(found.points().get(i).accuracy()).isCloseTo(sums[i] / rounds, within(0.01));
    }
  }

  @Test
  void theLastPointIsTheAccuracy() {
    Classification predictions =
        Classification.of(new double[][] {{0.9, 0.1}, {0.6, 0.4}, {0.3, 0.7}}, new int[] {0, 1, 1});
    AccuracyRejection curve = predictions.accuracyRejection(2);
    assertThat(curve.points())
        .containsExactly(
            new AccuracyRejection.Point(2.0 / 3, 1), new AccuracyRejection.Point(1, 2.0 / 3));
    assertThat(curve.points().getLast().accuracy()).isEqualTo(predictions.accuracy());
    assertThatThrownBy(() -> predictions.accuracyRejection(0))
        .isInstanceOf(InvalidPredictionsException.class);
  }
}
