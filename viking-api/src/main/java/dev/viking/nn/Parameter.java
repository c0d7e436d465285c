package dev.viking.nn;

import java.util.Arrays;

/**
 * What a layer needs to know of one of its parameters to place and initialise it.
 *
 * @param name name within the model, such as {@code conv1.weight}
 * @param kind whether it is a weight or a bias
 * @param fanIn number of inputs that each output of its layer sums over
 * @param shape its sizes (copied), PyTorch's layout
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
public record Parameter(String name, Kind kind, long fanIn, long... shape) {
  /** What a parameter does in its layer. */
  public enum Kind {
    /** Multiplies the inputs. */
    WEIGHT,
    /** Is added to the outputs. */
    BIAS,
    /** Multiplies normalised values; 1 to start with. */
    NORM_SCALE,
    /** Is added to normalised values; 0 to start with. */
    NORM_SHIFT
  }

  /** Copies the sizes. */
  public Parameter {
    shape = shape.clone();
  }

  /**
   * The sizes.
   *
   * @return a fresh array
   */
  @Override
  public long[] shape() {
    return shape.clone();
  }

  /**
   * Number of outputs that each input of its layer goes to, as PyTorch counts: the first size times
   * those after the second.
   *
   * @return the number, 1 for a vector
   */
  public long fanOut() {
    if (shape.length < 2) {
      return 1;
    }
    return size() / shape[1];
  }

  /**
   * Number of elements.
   *
   * @return the product of the sizes
   */
  public long size() {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Parameter that
        && name.equals(that.name)
        && kind == that.kind
        && fanIn == that.fanIn
        && Arrays.equals(shape, that.shape);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * name.hashCode() + kind.hashCode())
        + Arrays.hashCode(shape)
        + Long.hashCode(fanIn);
  }

  @Override
  public String toString() {
    return name + Arrays.toString(shape);
  }
}
