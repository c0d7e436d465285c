package dev.viking.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(LiveHandles.class)
class UncertaintyScoreTest {
  private static final int N = 6;
  private static final int C = 4;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 9})
  void everyScoreIsItsDefinition(int samples) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(4)) {
      Tensor logits = Tensor.randn(rng, DType.FLOAT64, samples, N, C).mul(3);
      double[] values = logits.toDoubleArray();
      for (UncertaintyScore score : UncertaintyScore.values()) {
        double[] found = score.of(logits);
        assertThat(found).hasSize(N);
        for (int i = 0; i < N; i++) {
          double[][] own = new double[samples][C];
          for (int s = 0; s < samples; s++) {
            System.arraycopy(values, (s * N + i) * C, own[s], 0, C);
          }
          assertThat(found[i]).as(score + " " + i).isCloseTo(byHand(score, own), within(1e-12));
        }
      }
    }
  }

  private static double byHand(UncertaintyScore score, double[][] logits) {
    int samples = logits.length;
    double[][] p = new double[samples][C];
    double[] mean = new double[C];
    double meanEntropy = 0;
    for (int s = 0; s < samples; s++) {
      double sum = 0;
      for (int c = 0; c < C; c++) {
        sum += Math.exp(logits[s][c]);
      }
      for (int c = 0; c < C; c++) {
        p[s][c] = Math.exp(logits[s][c]) / sum;
        mean[c] += p[s][c] / samples;
      }
      meanEntropy += entropy(p[s]) / samples;
    }
    return switch (score) {
      case MAX_PROBABILITY -> {
        double max = 0;
        for (double each : mean) {
          max = Math.max(max, each);
        }
        yield 1 - max;
      }
      case ENTROPY -> entropy(mean);
      case MUTUAL_INFORMATION -> entropy(mean) - meanEntropy;
      case LOGIT_VARIANCE, LOGIT_VARIANCE_WITHIN -> largestVariance(logits);
      case PROBABILITY_VARIANCE -> largestVariance(p);
    };
  }

  private static double entropy(double[] p) {
    double sum = 0;
    for (double each : p) {
      sum -= each * Math.log(each);
    }
    return sum;
  }

  private static double largestVariance(double[][] values) {
    double largest = 0;
    for (int c = 0; c < C; c++) {
      double mean = 0;
      double squares = 0;
      for (double[] row : values) {
        mean += row[c] / values.length;
        squares += row[c] * row[c] / values.length;
      }
      largest = Math.max(largest, squares - mean * mean);
    }
    return largest;
  }

  @Test
  void certaintyIsNoUncertainty() {
    try (Scope _ = Scope.open()) {
      Tensor logits = Tensor.of(new double[] {0, -2000, -2000, 0, -2000, -2000}, 2, 1, 3);
      for (UncertaintyScore score : UncertaintyScore.values()) {
        assertThat(score.of(logits)).as(score.key()).containsExactly(0.0);
      }
    }
  }

  @Test
  void ofAMixtureEachMemberHasAVarianceOfItsOwn() {
    // Variances of the logits: {4, 1} within the first member, {0, 9} within the second.
    double[] logits = {100, 0, 104, 2, 0, 50, 0, 56};
    try (Scope _ = Scope.open()) {
      Tensor samples = Tensor.of(logits, 4, 1, 2);
      assertThat(UncertaintyScore.LOGIT_VARIANCE_WITHIN.of(samples, 2, 2)).containsExactly(6.5);
      assertThat(UncertaintyScore.LOGIT_VARIANCE.of(samples, 2, 2))
          .isEqualTo(UncertaintyScore.LOGIT_VARIANCE.of(samples));
      assertThat(UncertaintyScore.LOGIT_VARIANCE_WITHIN.of(samples, 1, 1, 1, 1)).containsExactly(0);
      for (int[] wrong : new int[][] {{}, {3}, {2, 3}, {4, 0}, {5, -1}}) {
        assertThatThrownBy(() -> UncertaintyScore.ENTROPY.of(samples, wrong))
            .isInstanceOf(InvalidPredictionsException.class)
            .hasMessageContaining("positive numbers with the sum 4");
      }
    }
  }

  @Test
  void anotherShapeIsRefused() {
    try (Scope _ = Scope.open()) {
      assertThatThrownBy(() -> UncertaintyScore.ENTROPY.of(Tensor.zeros(DType.FLOAT64, 2, 3)))
          .isInstanceOf(InvalidPredictionsException.class)
          .hasMessageContaining("[S, N, C]");
    }
  }
}
