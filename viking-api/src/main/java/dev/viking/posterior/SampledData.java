package dev.viking.posterior;

import java.util.Arrays;

/** Some examples of others, without a copy of them. */
final class SampledData implements TrainingData {
  private final TrainingData all;
  private final int[] picked;

  /** The examples of the given numbers. */
  SampledData(TrainingData all, int[] picked) {
    this.all = all;
    this.picked = picked;
  }

  @Override
  public int size() {
    return picked.length;
  }

  @Override
  public Batch select(int[] indices) {
    return all.select(Arrays.stream(indices).map(i -> picked[i]).toArray());
  }
}
