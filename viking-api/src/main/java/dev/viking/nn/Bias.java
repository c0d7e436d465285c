package dev.viking.nn;

import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Adds a parameter to each example; sizes of 1 are repeated. With [positions, features] it is a
 * learned position embedding, with [channels, 1, 1] a bias for each channel of images.
 *
 * @param name name of its parameter, as it is
 * @param sizes the parameter's sizes, each at least 1, as many as one example has (copied)
 */
public record Bias(String name, List<Long> sizes) implements Layer {
  /**
   * Checks and copies the sizes.
   *
   * @throws dev.viking.torch.ArgumentException when there are none or one is less than 1
   */
  public Bias {
    sizes = List.copyOf(sizes);
    Checks.positive("Bias", "number of sizes", sizes.size());
    sizes.forEach(size -> Checks.positive("Bias", "size", size));
  }

  /**
   * A bias.
   *
   * @param name name of its parameter
   * @param sizes the parameter's sizes
   * @return the layer
   */
  public static Bias of(String name, long... sizes) {
    return new Bias(name, Arrays.stream(sizes).boxed().toList());
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(new Parameter(name, Parameter.Kind.BIAS, 1, shape()));
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    boolean fits = inputShape.length == sizes.size();
    for (int i = 0; fits && i < inputShape.length; i++) {
      fits = sizes.get(i) == 1 || sizes.get(i) == inputShape[i];
    }
    if (!fits) {
      throw new ShapeException(
          "Bias \""
              + name
              + "\": an example of shape "
              + Arrays.toString(inputShape)
              + " given, "
              + sizes
              + " needed (any size where it is 1)");
    }
    return inputShape.clone();
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return inputs.add(parameters.get(0));
  }

  /** The sizes as an array. */
  long[] shape() {
    return sizes.stream().mapToLong(Long::longValue).toArray();
  }
}
