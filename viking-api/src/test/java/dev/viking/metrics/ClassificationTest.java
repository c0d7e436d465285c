package dev.viking.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.torch.ArgumentException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClassificationTest {
  private static final double TIGHT = 1e-12;

  @Test
  void metricsOfAHandComputedExample() {
    double[][] probabilities = {{0.7, 0.2, 0.1}, {0.1, 0.3, 0.6}, {0.25, 0.5, 0.25}};
    int[] labels = {0, 1, 1};

    Classification c = Classification.of(probabilities, labels);

    assertThat(c.count()).isEqualTo(3);
    assertThat(c.accuracy()).isCloseTo(2.0 / 3, within(TIGHT));
    assertThat(c.nll())
        .isCloseTo(-(Math.log(0.7) + Math.log(0.3) + Math.log(0.5)) / 3, within(TIGHT));
    assertThat(c.expectedNll()).isEqualTo(c.nll());
    // (0.09 + 0.04 + 0.01) + (0.01 + 0.49 + 0.36) + (0.0625 + 0.25 + 0.0625)
    assertThat(c.brier()).isCloseTo((0.14 + 0.86 + 0.375) / 3, within(TIGHT));
    assertThat(c.confidences()).containsExactly(0.7, 0.6, 0.5);
    // Each example alone in its bin: gaps 0.3, 0.6, 0.5.
    assertThat(c.metrics().ece()).isCloseTo((0.3 + 0.6 + 0.5) / 3, within(TIGHT));
    assertThat(c.metrics().mce()).isCloseTo(0.6, within(TIGHT));
    assertThat(c.metrics().confidence()).isCloseTo(0.6, within(TIGHT));
  }

  @Test
  void twoSamplesTellThePapersNllFromThePredictiveOne() {
    // One example, label 0, probability 0.9 in the first sample and 0.1 in the second.
    double[] logits = {Math.log(0.9), Math.log(0.1), Math.log(0.1), Math.log(0.9)};

    Classification c = Classification.ofLogits(logits, 2, 2, new int[] {0});

    assertThat(c.nll()).isCloseTo(-Math.log(0.5), within(TIGHT));
    assertThat(c.expectedNll())
        .isCloseTo(-(Math.log(0.9) + Math.log(0.1)) / 2, within(TIGHT))
        .isGreaterThan(c.nll());
  }

  @Test
  void samplesAreTheSlowestIndex() {
    // Two samples of two examples; example 0 is class 0 in both samples, example 1 is class 1 in
    // both.
    double[] logits = {3, 0, 0, 3, 3, 0, 0, 3};

    Classification c = Classification.ofLogits(logits, 2, 2, new int[] {0, 1});

    assertThat(c.accuracy()).isEqualTo(1);
    assertThat(c.nll()).isCloseTo(Math.log1p(Math.exp(-3)), within(TIGHT));
    assertThat(c.expectedNll()).isCloseTo(c.nll(), within(TIGHT));
  }

  @Test
  void hugeLogitsNeitherOverflowNorUnderflow() {
    Classification c =
        Classification.ofLogits(new double[] {2000, 0, -2000, 0}, 1, 2, new int[] {1, 1});

    assertThat(c.accuracy()).isEqualTo(0.5);
    assertThat(c.nll()).isCloseTo(1000, within(1e-9));
    assertThat(c.brier()).isCloseTo(1, within(TIGHT));
  }

  @Test
  void certaintyThatIsRightCostsNothing() {
    ClassificationMetrics m = Classification.of(new double[][] {{0, 1}}, new int[] {1}).metrics();

    assertThat(m.nll()).isEqualTo(0.0);
    assertThat(m.ece()).isZero();
    assertThat(m.paperDropped()).isEqualTo(1);
    assertThat(m.paperEce()).isNaN();
  }

  @Test
  void certaintyThatIsWrongCostsInfinitely() {
    assertThat(Classification.of(new double[][] {{1, 0}}, new int[] {1}).nll()).isInfinite();
  }

  @Test
  void floatsAreTakenToo() {
    Classification c = Classification.of(new float[] {0.25f, 0.75f}, 2, new int[] {1});

    assertThat(c.nll()).isCloseTo(-Math.log(0.75), within(TIGHT));
    assertThat(Classification.ofLogits(new float[] {1f, 1f}, 1, 2, new int[] {1}).nll())
        .isCloseTo(Math.log(2), within(TIGHT));
  }

  @Test
  void refusesWhatIsNoDistribution() {
    assertThatThrownBy(() -> Classification.of(new double[][] {{0.5, 0.6}}, new int[] {0}))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("sums to 1.1");
    assertThatThrownBy(() -> Classification.of(new double[][] {{Double.NaN, 1}}, new int[] {0}))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("given NaN for example 0, class 0");
    assertThatThrownBy(() -> Classification.of(new double[][] {{-0.5, 1.5}}, new int[] {0}))
        .isInstanceOf(InvalidPredictionsException.class);
    assertThatThrownBy(
            () -> Classification.ofLogits(new double[] {Double.NaN, 0}, 1, 2, new int[] {0}))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("finite");
    double nothing = Double.NEGATIVE_INFINITY;
    assertThatThrownBy(
            () -> Classification.ofLogits(new double[] {nothing, nothing}, 1, 2, new int[] {0}))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("every class of example 0");
  }

  @Test
  void refusesSizesAndLabelsThatDoNotFit() {
    assertThatThrownBy(() -> Classification.of(new double[][] {{0.5, 0.5}}, new int[] {2}))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("given 2 at index 0; needed 0..1");
    assertThatThrownBy(() -> Classification.of(new double[][] {{0.5, 0.5}}, new int[] {-1}))
        .isInstanceOf(InvalidPredictionsException.class);
    assertThatThrownBy(() -> Classification.of(new double[][] {{0.5, 0.5}}, new int[] {0, 1}))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("needed 4");
    assertThatThrownBy(() -> Classification.of(new double[][] {{0.5, 0.5}, {1}}, new int[] {0, 0}))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("row 1");
    assertThatThrownBy(() -> Classification.of(new double[0][], new int[0]))
        .isInstanceOf(InvalidPredictionsException.class);
    assertThatThrownBy(() -> Classification.ofLogits(new double[6], 2, 2, new int[] {0}))
        .isInstanceOf(InvalidPredictionsException.class)
        .hasMessageContaining("given 6 values");
  }

  @Test
  void meanAndDeviationOverRuns() {
    MeanStd m = MeanStd.of(1, 2, 4);

    assertThat(m.mean()).isCloseTo(7.0 / 3, within(TIGHT));
    // ((4/3)^2 + (1/3)^2 + (5/3)^2) / 2 = 7/3
    assertThat(m.std()).isCloseTo(Math.sqrt(7.0 / 3), within(TIGHT));
    assertThat(m.format(2)).isEqualTo("2.33 +- 1.53");
    assertThat(MeanStd.of(5).std()).isNaN();
    assertThat(MeanStd.of(5).format(1)).isEqualTo("5.0");
    assertThatThrownBy(MeanStd::of).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> MeanStd.over(List.of())).isInstanceOf(ArgumentException.class);
  }

  @Test
  void everyMetricIsSummarisedUnderItsName() {
    ClassificationMetrics right =
        Classification.of(new double[][] {{0.8, 0.2}}, new int[] {0}).metrics();
    ClassificationMetrics wrong =
        Classification.of(new double[][] {{0.8, 0.2}}, new int[] {1}).metrics();

    Map<String, MeanStd> over = MeanStd.over(List.of(right, wrong));

    assertThat(over.keySet()).containsExactlyElementsOf(right.asMap().keySet());
    assertThat(over.get("accuracy")).isEqualTo(new MeanStd(2, 0.5, Math.sqrt(0.5)));
  }
}
