package dev.viking.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.ArgumentException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchesTest {
  @Test
  void anEpochVisitsEveryExampleOnce() {
    List<int[]> batches = Batches.shuffled(103, 10, false, 5).epoch(0);

    assertThat(batches).hasSize(11);
    assertThat(batches.getLast()).hasSize(3);
    int[] visited = batches.stream().flatMapToInt(Arrays::stream).sorted().toArray();
    assertThat(visited).isEqualTo(IntStream.range(0, 103).toArray());
  }

  @Test
  void theLastPartialBatchCanBeDropped() {
    Batches batches = Batches.shuffled(103, 10, true, 5);

    assertThat(batches.epoch(0)).hasSize(10).allSatisfy(b -> assertThat(b).hasSize(10));
    assertThat(batches.batchesPerEpoch()).isEqualTo(10);
    assertThat(batches.examplesPerEpoch()).isEqualTo(100);
    assertThat(Batches.sequential(100, 10, true).batchesPerEpoch()).isEqualTo(10);
  }

  @Test
  void theSplitOfThePaperHas1718StepsAnEpoch() {
    int[] train = Splits.byRange(60_000, 55_000).train();
    assertThat(Batches.shuffled(train, 32, true, 1).batchesPerEpoch()).isEqualTo(1718);
  }

  @Test
  void theOrderDependsOnSeedAndEpochAlone() {
    int[] third = flat(Batches.shuffled(500, 32, false, 9), 3);
    Batches again = Batches.shuffled(500, 32, false, 9);

    int[] second = flat(again, 2);
    assertThat(flat(again, 3)).as("after other epochs").isEqualTo(third);
    assertThat(second).isNotEqualTo(third);
    assertThat(flat(Batches.shuffled(500, 32, false, 10), 3)).isNotEqualTo(third);
  }

  @Test
  void everyExampleComesFirstEquallyOften() {
    int[] first = new int[5];
    Batches batches = Batches.shuffled(5, 1, false, 3);
    for (int epoch = 0; epoch < 20_000; epoch++) {
      first[batches.epoch(epoch).getFirst()[0]]++;
    }
    // Standard deviation of each count is sqrt(20000 * 0.2 * 0.8) = 57; five of them.
    assertThat(first)
        .satisfies(c -> assertThat(Arrays.stream(c)).allMatch(n -> Math.abs(n - 4000) < 285));
  }

  @Test
  void sequentialKeepsTheOrderGiven() {
    Batches batches = Batches.sequential(new int[] {7, 3, 9}, 2, false);

    assertThat(batches.epoch(0)).containsExactly(new int[] {7, 3}, new int[] {9});
    assertThat(batches.epoch(1)).containsExactly(new int[] {7, 3}, new int[] {9});
  }

  @Test
  void splitsAreDisjointAndComplete() {
    Splits split = Splits.seeded(1000, 100, 4);

    assertThat(split.validation()).hasSize(100).isSorted();
    int[] all =
        IntStream.concat(Arrays.stream(split.train()), Arrays.stream(split.validation()))
            .sorted()
            .toArray();
    assertThat(all).isEqualTo(IntStream.range(0, 1000).toArray());
    assertThat(Splits.seeded(1000, 100, 4).train()).isEqualTo(split.train());
    assertThat(Splits.seeded(1000, 100, 5).train()).isNotEqualTo(split.train());
    assertThat(Splits.byRange(10, 8).validation()).containsExactly(8, 9);
  }

  @Test
  void refusesImpossibleSizes() {
    assertThatThrownBy(() -> Batches.sequential(3, 0, false))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("batchSize: given 0");
    assertThatThrownBy(() -> Batches.shuffled(-1, 1, false, 0))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> Splits.byRange(10, 11))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("trainCount: given 11; needed 0..10");
    assertThatThrownBy(() -> Splits.seeded(10, -1, 0)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> Splits.byRange(-1, 0)).isInstanceOf(ArgumentException.class);
  }

  private static int[] flat(Batches batches, long epoch) {
    return batches.epoch(epoch).stream().flatMapToInt(Arrays::stream).toArray();
  }
}
