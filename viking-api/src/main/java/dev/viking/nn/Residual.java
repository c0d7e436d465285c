package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Two chains of layers with the same input, added: {@code y = body(x) + shortcut(x)} (He et al.
 * 2016). Without layers a shortcut is the identity.
 *
 * @param body the layers of the main path, at least one
 * @param shortcut the layers beside it; empty for the identity
 */
public record Residual(List<Layer> body, List<Layer> shortcut) implements Layer {
  /**
   * Copies the lists.
   *
   * @throws ArgumentException when the body is empty
   */
  public Residual {
    body = List.copyOf(body);
    shortcut = List.copyOf(shortcut);
    if (body.isEmpty()) {
      throw new ArgumentException("Residual: body is empty, at least one layer needed");
    }
  }

  /**
   * A body around which the input is carried unchanged.
   *
   * @param body the layers, which keep the shape of their input
   */
  public Residual(List<Layer> body) {
    this(body, List.of());
  }

  /** The parameters of the body, then those of the shortcut. */
  @Override
  public List<Parameter> parameters() {
    return Stream.concat(body.stream(), shortcut.stream())
        .flatMap(layer -> layer.parameters().stream())
        .toList();
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    long[] main = shapeAfter(body, inputShape);
    long[] beside = shapeAfter(shortcut, inputShape);
    if (!Arrays.equals(main, beside)) {
      throw new ShapeException(
          "Residual: an example of shape "
              + Arrays.toString(inputShape)
              + " becomes "
              + Arrays.toString(main)
              + " in the body and "
              + Arrays.toString(beside)
              + " in the shortcut; the same shape needed");
    }
    return main;
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    int own = (int) body.stream().mapToLong(layer -> layer.parameters().size()).sum();
    Tensor main = chain(body, parameters.subList(0, own), inputs);
    return main.add(chain(shortcut, parameters.subList(own, parameters.size()), inputs));
  }

  private static Tensor chain(List<Layer> layers, List<Tensor> parameters, Tensor inputs) {
    Tensor value = inputs;
    int next = 0;
    for (Layer layer : layers) {
      int count = layer.parameters().size();
      value = layer.apply(parameters.subList(next, next + count), value);
      next += count;
    }
    return value;
  }

  private static long[] shapeAfter(List<Layer> layers, long[] inputShape) {
    long[] shape = inputShape;
    for (Layer layer : layers) {
      shape = layer.outputShape(shape);
    }
    return shape;
  }
}
