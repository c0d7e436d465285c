package dev.viking.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.viking.nn.LeNet;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The closed formulas. */
class InputsTest {
  /** Published outputs of SplitMix64 from seed 0, of which the upper 24 bits are used. */
  @Test
  void numbersAreThoseOfSplitMix64() {
    long[] published = {0xE220A8397B1DCDAFL, 0x6E789E6AA1B965F4L, 0x06C45D188009454FL};
    for (int i = 0; i < published.length; i++) {
      assertThat(Inputs.unit(0, i)).isEqualTo((published[i] >>> 40) / 16777216.0 - 0.5);
    }
  }

  @Test
  void numbersFillTheirRangeAndDifferBetweenStreams() {
    double[] values = LongStream.range(0, 10_000).mapToDouble(i -> Inputs.unit(3, i)).toArray();
    assertThat(Arrays.stream(values).allMatch(x -> x >= -0.5 && x < 0.5)).isTrue();
    assertThat(Arrays.stream(values).average().orElseThrow()).isCloseTo(0, within(0.02));
    assertThat(Arrays.stream(values).map(x -> x * x).average().orElseThrow())
        .isCloseTo(1 / 12.0, within(0.003));
    assertThat(Inputs.unit(4, 0)).isNotEqualTo(Inputs.unit(3, 0));
  }

  @Test
  void weightsHaveTheVarianceOfTheirFanIn() {
    float[] parameters = Inputs.parameters(LeNet.paper().layout(), 1);
    assertThat(parameters).hasSize(ReferenceLeNet.PARAMETERS);
    // fc1.weight, [120, 256], follows the convolutions' 2,572 parameters; fc1.bias follows it.
    double square = 0;
    for (int i = 2572; i < 2572 + 120 * 256; i++) {
      square += parameters[i] * (double) parameters[i];
    }
    assertThat(square / (120 * 256)).isCloseTo(1 / 256.0, within(1e-4));
    for (int i = 2572 + 120 * 256; i < 2572 + 120 * 257; i++) {
      assertThat(Math.abs(parameters[i])).isLessThanOrEqualTo(0.05f);
    }
  }

  @Test
  void labelsGoRound() {
    assertThat(Inputs.labels(12, 10)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1);
  }
}
