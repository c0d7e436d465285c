package dev.viking.checkpoint;

import dev.viking.torch.DType;
import java.util.List;

/**
 * One named array of a checkpoint.
 *
 * @param name its name
 * @param dtype type of its elements
 * @param shape its sizes, the slowest first; empty for a scalar
 * @param offset where its first byte lies, counted from the start of the data
 * @param byteSize how many bytes it has
 */
public record CheckpointEntry(
    String name, DType dtype, List<Long> shape, long offset, long byteSize) {
  /**
   * Makes the record.
   *
   * @param name its name
   * @param dtype type of its elements
   * @param shape its sizes, the slowest first; empty for a scalar
   * @param offset where its first byte lies, counted from the start of the data
   * @param byteSize how many bytes it has
   */
  public CheckpointEntry {
    shape = List.copyOf(shape);
  }

  /**
   * Number of elements.
   *
   * @return the product of the sizes, 1 for a scalar
   */
  public long numel() {
    return byteSize / dtype.byteSize();
  }

  /** Sizes as tensors take them. */
  long[] sizes() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }
}
