package dev.viking.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReliabilityTest {
  private static final double EXACT = 1e-15;

  @Test
  void errorsOfAHandComputedExample() {
    // Two bins: {0.25 wrong, 0.45 right} and {0.75 right, 0.85 right, 0.95 wrong, 1.0 right}.
    Reliability two =
        Reliability.uniform(
            new double[] {0.25, 0.45, 0.75, 0.85, 0.95, 1.0},
            new boolean[] {false, true, true, true, false, true},
            2);

    assertThat(two.bins()).hasSize(2);
    assertThat(two.bins().get(0).count()).isEqualTo(2);
    assertThat(two.bins().get(0).gap()).isCloseTo(0.15, within(EXACT));
    assertThat(two.bins().get(1).count()).isEqualTo(4);
    assertThat(two.bins().get(1).confidence()).isCloseTo(0.8875, within(EXACT));
    assertThat(two.bins().get(1).accuracy()).isEqualTo(0.75);
    assertThat(two.ece()).isCloseTo((2 * 0.15 + 4 * 0.1375) / 6, within(EXACT));
    assertThat(two.mce()).isCloseTo(0.15, within(EXACT));
    assertThat(two.dropped()).isZero();
  }

  // 0.7 lies just below the edge 7 * 0.1 = 0.7000000000000001, in numpy too.
  @ParameterizedTest
  @CsvSource({"0.0,0", "0.5,5", "0.1,1", "0.09999999,0", "0.99,9", "1.0,9", "0.7,6", "0.6,5"})
  void anEdgeBelongsToTheBinAboveIt(double confidence, int bin) {
    Reliability ten = Reliability.uniform(new double[] {confidence}, new boolean[] {true}, 10);

    for (int k = 0; k < 10; k++) {
      assertThat(ten.bins().get(k).count()).as("bin %d", k).isEqualTo(k == bin ? 1 : 0);
    }
  }

  @Test
  void everyEdgeOfEveryGridOpensItsOwnBin() {
    for (int numBins = 1; numBins <= 128; numBins++) {
      Reliability grid = Reliability.uniform(new double[0], new boolean[0], numBins);
      for (int k = 0; k < numBins; k++) {
        double lower = grid.bins().get(k).lower();
        Reliability at = Reliability.uniform(new double[] {lower}, new boolean[] {true}, numBins);
        assertThat(at.bins().get(k).count()).as("edge %d of %d", k, numBins).isEqualTo(1);
      }
    }
  }

  @Test
  void paperDropsConfidenceOfNinetyNinePercentAndMore() {
    double below = Math.nextDown(0.99);
    Reliability paper =
        Reliability.paper(
            new double[] {0.505, below, 0.99, 0.995, 1.0},
            new boolean[] {true, true, false, false, false});

    assertThat(paper.bins()).hasSize(99);
    assertThat(paper.counted()).isEqualTo(2);
    assertThat(paper.dropped()).isEqualTo(3);
    // Weights are renormalised over the two that remain: (|1 - 0.505| + |1 - 0.99|) / 2.
    assertThat(paper.ece()).isCloseTo((0.495 + 0.01) / 2, within(EXACT));
    assertThat(paper.mce()).isCloseTo(0.495, within(EXACT));
    assertThat(paper.bins().get(50).count()).isEqualTo(1);
    assertThat(paper.bins().get(98).count()).isEqualTo(1);
  }

  @Test
  void paperErrorOfNothingIsNotANumber() {
    Reliability paper = Reliability.paper(new double[] {0.99, 1.0}, new boolean[] {true, false});

    assertThat(paper.counted()).isZero();
    assertThat(paper.dropped()).isEqualTo(2);
    assertThat(paper.ece()).isNaN();
    assertThat(paper.mce()).isNaN();
  }

  @Test
  void theSameExamplesCountInTheUsualDefinition() {
    Reliability usual =
        Reliability.uniform(
            new double[] {0.99, 1.0}, new boolean[] {true, false}, Reliability.USUAL_BINS);

    assertThat(usual.bins().getLast().count()).isEqualTo(2);
    assertThat(usual.ece()).isCloseTo(0.495, within(EXACT));
    assertThat(usual.bins().getFirst().gap()).as("an empty bin").isZero();
  }

  @Test
  void pooledIsWhatAllExamplesTogetherGive() {
    Random random = new Random(4);
    double[] confidence = random.doubles(60).toArray();
    boolean[] correct = new boolean[60];
    for (int i = 0; i < 60; i++) {
      correct[i] = random.nextDouble() < confidence[i];
    }
    List<Reliability> parts = new ArrayList<>();
    int[] cuts = {0, 7, 31, 60};
    for (int part = 0; part < 3; part++) {
      parts.add(
          Reliability.uniform(
              Arrays.copyOfRange(confidence, cuts[part], cuts[part + 1]),
              Arrays.copyOfRange(correct, cuts[part], cuts[part + 1]),
              15));
    }
    Reliability pooled = Reliability.pooled(parts);
    Reliability whole = Reliability.uniform(confidence, correct, 15);
    assertThat(pooled.counted()).isEqualTo(60);
    assertThat(pooled.ece()).isCloseTo(whole.ece(), within(1e-12));
    assertThat(pooled.mce()).isCloseTo(whole.mce(), within(1e-12));
    for (int k = 0; k < 15; k++) {
      assertThat(pooled.bins().get(k).count()).isEqualTo(whole.bins().get(k).count());
      assertThat(pooled.bins().get(k).accuracy())
          .isCloseTo(whole.bins().get(k).accuracy(), within(1e-12));
      assertThat(pooled.bins().get(k).confidence())
          .isCloseTo(whole.bins().get(k).confidence(), within(1e-12));
    }
    assertThatThrownBy(() -> Reliability.pooled(List.of()))
        .isInstanceOf(InvalidPredictionsException.class);
    Reliability other = Reliability.uniform(confidence, correct, 10);
    assertThatThrownBy(() -> Reliability.pooled(List.of(whole, other)))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("given 15 bins and 10");
  }

  @Test
  void refusesWhatIsNoConfidence() {
    assertThatThrownBy(
            () ->
                Reliability.uniform(new double[] {0.5, Double.NaN}, new boolean[] {true, true}, 15))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("given NaN at index 1");
    assertThatThrownBy(() -> Reliability.uniform(new double[] {1.5}, new boolean[] {true}, 15))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("needed 0..1");
    assertThatThrownBy(() -> Reliability.uniform(new double[] {0.5}, new boolean[0], 15))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("given 0 values; needed 1");
    assertThatThrownBy(() -> Reliability.uniform(new double[] {0.5}, new boolean[] {true}, 0))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("numBins");
  }
}
