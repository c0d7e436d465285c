package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Multi-layer perceptrons. */
public final class Mlp {
  private Mlp() {}

  /**
   * Linear layers {@code fc1}, {@code fc2}, ... with an activation between them and none after the
   * last.
   *
   * @param sizes number of inputs, of units of each hidden layer, and of outputs; at least two,
   *     each at least 1
   * @param activation the function between the layers
   * @return the model, for inputs [B, sizes[0]]
   * @throws ArgumentException when fewer than two sizes are given or one is less than 1
   */
  public static Sequential of(int[] sizes, Activation activation) {
    if (sizes.length < 2) {
      throw new ArgumentException(
          "Mlp.of: sizes are " + Arrays.toString(sizes) + ", at least inputs and outputs needed");
    }
    List<Layer> layers = new ArrayList<>();
    for (int i = 1; i < sizes.length; i++) {
      if (i > 1) {
        layers.add(activation);
      }
      layers.add(new Linear("fc" + i, sizes[i - 1], sizes[i]));
    }
    return Sequential.of(new long[] {sizes[0]}, layers);
  }
}
