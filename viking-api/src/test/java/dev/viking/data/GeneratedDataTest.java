package dev.viking.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.IndexException;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class GeneratedDataTest {
  @Test
  void digitsAreTheSameOnEveryMachine() {
    LabelledImages set = SyntheticDigits.generate(1, 64);

    CRC32 checksum = new CRC32();
    for (int i = 0; i < set.count(); i++) {
      checksum.update(set.label(i));
      for (int p = 0; p < 784; p++) {
        checksum.update(set.pixel(i, 0, p / 28, p % 28));
      }
    }
    // Recorded once; any change of the drawing, the generator or its arithmetic changes it.
    assertThat(Long.toHexString(checksum.getValue())).isEqualTo("6420bb70");
  }

  @Test
  void aLargerSetStartsWithTheSmallerOne() {
    LabelledImages small = SyntheticDigits.generate(3, 10);
    LabelledImages large = SyntheticDigits.generate(3, 40);
    int[] first = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

    assertThat(large.pixelArray(first)).isEqualTo(small.pixelArray(first));
    assertThat(large.labelArray(first)).isEqualTo(small.labelArray());
    assertThat(SyntheticDigits.generate(4, 10).pixelArray(first))
        .isNotEqualTo(small.pixelArray(first));
  }

  @Test
  void everyClassAppearsAndIsMostlyBackground() {
    LabelledImages set = SyntheticDigits.generate(2, 2000);
    int[] perClass = new int[10];
    int[] all = new int[set.count()];
    for (int i = 0; i < all.length; i++) {
      all[i] = i;
      perClass[set.label(i)]++;
    }
    double mean = 0;
    for (float pixel : set.pixelArray(all)) {
      assertThat(pixel).isBetween(0f, 1f);
      mean += pixel / (784.0 * all.length);
    }
    // Standard deviation of each count is sqrt(2000 * 0.1 * 0.9) = 13.4; six of them.
    assertThat(Arrays.stream(perClass)).allMatch(n -> Math.abs(n - 200) < 81);
    assertThat(mean).isBetween(0.05, 0.25);
  }

  @Test
  void classMeansAloneAreNotEnoughToClassify() {
    LabelledImages set = SyntheticDigits.generate(6, 4000);
    float[][] means = new float[10][784];
    for (int i = 0; i < 3000; i++) {
      float[] image = set.pixelArray(i);
      for (int p = 0; p < 784; p++) {
        means[set.label(i)][p] += image[p] / 300;
      }
    }
    int right = 0;
    for (int i = 3000; i < 4000; i++) {
      right += nearest(means, set.pixelArray(i)) == set.label(i) ? 1 : 0;
    }
    // Far above chance (100), far below what a convolutional network reaches (about 970).
    assertThat(right).isBetween(450, 900);
  }

  @Test
  void sinusoidFollowsItsDefinition() {
    Sinusoid set = Sinusoid.generate(42);
    double[] x = set.x();
    double[] y = set.y();

    assertThat(set.count()).isEqualTo(10);
    for (int i = 0; i < 10; i++) {
      int j = i < 5 ? i : i + 10;
      assertThat(x[i]).isCloseTo(0.35 + 0.3 * j / 19, within(1e-15));
      double std = 1e-3 + 0.999 * j / 19;
      assertThat(Math.abs(y[i] - 5 * Math.sin(10 * x[i]))).isLessThan(5 * std);
    }
  }

  @Test
  void sinusoidNoiseGrowsAsDefined() {
    int draws = 4000;
    double[] squares = new double[10];
    for (int seed = 0; seed < draws; seed++) {
      Sinusoid set = Sinusoid.generate(seed);
      for (int i = 0; i < 10; i++) {
        double noise = set.y()[i] - Sinusoid.truth(set.x()[i]);
        squares[i] += noise * noise / draws;
      }
    }
    for (int i = 0; i < 10; i++) {
      double std = 1e-3 + 0.999 * (i < 5 ? i : i + 10) / 19;
      // The relative error of a standard deviation from 4,000 draws is 1.1 %; five of them.
      assertThat(Math.sqrt(squares[i]) / std).as("point %d", i).isCloseTo(1, within(0.056));
    }
  }

  @Test
  void moonsWithoutNoiseAreHalfCircles() {
    TwoMoons set = TwoMoons.generate(0, 5, 0);
    double[] p = set.points();

    // Outer: (1, 0), (-1, 0); inner: (0, 0.5), (1, -0.5), (2, 0.5). Ranges -1..2 and -0.5..0.5,
    // plus 0.5 each side.
    assertThat(set.labels()).containsExactly(0, 0, 1, 1, 1);
    double[] expected = {2.5 / 4, 0.5, 0.5 / 4, 0.5, 1.5 / 4, 0.75, 2.5 / 4, 0.25, 3.5 / 4, 0.75};
    assertThat(p).containsExactly(expected, within(1e-15));
  }

  @Test
  void moonsHaveTheDefaultsOfTheExample() {
    TwoMoons set = TwoMoons.generate(42);

    assertThat(set.count()).isEqualTo(60);
    assertThat(Arrays.stream(set.labels()).sum()).isEqualTo(30);
    assertThat(Arrays.stream(set.points())).allMatch(v -> v > 0.1 && v < 0.9);
    assertThat(TwoMoons.generate(42).points()).isEqualTo(set.points());
    assertThat(TwoMoons.generate(43).points()).isNotEqualTo(set.points());
  }

  @Test
  void badRequestsAreRefused() {
    assertThatThrownBy(() -> SyntheticDigits.generate(1, -1)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> TwoMoons.generate(1, 1, 0)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> TwoMoons.generate(1, 10, Double.NaN))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("given NaN");
    LabelledImages set = SyntheticDigits.generate(1, 3);
    assertThatThrownBy(() -> set.label(3))
        .isInstanceOf(IndexException.class)
        .hasMessageContaining("given 3; needed 0..2");
    assertThatThrownBy(() -> set.pixelArray(0, -1)).isInstanceOf(IndexException.class);
    assertThatThrownBy(() -> set.pixel(0, 1, 0, 0)).isInstanceOf(IndexException.class);
    assertThatThrownBy(() -> new LabelledImages(1, 2, 2, 10, new byte[3], new byte[1]))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("given 3 bytes for 1 labels; needed 4");
    assertThatThrownBy(() -> new LabelledImages(1, 1, 1, 3, new byte[1], new byte[] {3}))
        .isInstanceOf(ArgumentException.class);
  }

  @Test
  void aSubsetHoldsTheChosenImages() {
    LabelledImages set = SyntheticDigits.generate(1, 5);
    LabelledImages part = set.subset(4, 1, 4);

    assertThat(part.labelArray()).containsExactly(set.label(4), set.label(1), set.label(4));
    assertThat(part.pixelArray(0, 1, 2)).isEqualTo(set.pixelArray(4, 1, 4));
  }

  private static int nearest(float[][] means, float[] image) {
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int c = 0; c < 10; c++) {
      double distance = 0;
      for (int p = 0; p < 784; p++) {
        distance += (image[p] - means[c][p]) * (image[p] - means[c][p]);
      }
      if (distance < least) {
        least = distance;
        best = c;
      }
    }
    return best;
  }
}
