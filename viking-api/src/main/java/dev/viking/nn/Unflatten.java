package dev.viking.nn;

import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Makes an image (or anything else) of each example's vector, row-major: the inverse of {@link
 * Flatten}.
 *
 * @param sizes sizes of one example's output, each at least 1 (copied)
 */
public record Unflatten(List<Long> sizes) implements Layer {
  /**
   * Checks and copies the sizes.
   *
   * @throws dev.viking.torch.ArgumentException when there are none or one is less than 1
   */
  public Unflatten {
    sizes = List.copyOf(sizes);
    Checks.positive("Unflatten", "number of sizes", sizes.size());
    sizes.forEach(size -> Checks.positive("Unflatten", "size", size));
  }

  /**
   * Sizes as they come.
   *
   * @param sizes sizes of one example's output
   * @return the layer
   */
  public static Unflatten of(long... sizes) {
    return new Unflatten(Arrays.stream(sizes).boxed().toList());
  }

  @Override
  public List<Parameter> parameters() {
    return List.of();
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    long[] shape = sizes.stream().mapToLong(Long::longValue).toArray();
    long needed = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    if (Arrays.stream(inputShape).reduce(1, Math::multiplyExact) != needed) {
      throw new ShapeException(
          "Unflatten: an example of shape "
              + Arrays.toString(inputShape)
              + " given, "
              + needed
              + " elements for "
              + sizes
              + " needed");
    }
    return shape;
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.reshape(batchShape());
  }

  /** The sizes with any number of examples before them. */
  long[] batchShape() {
    long[] shape = new long[sizes.size() + 1];
    shape[0] = -1;
    for (int i = 0; i < sizes.size(); i++) {
      shape[i + 1] = sizes.get(i);
    }
    return shape;
  }
}
