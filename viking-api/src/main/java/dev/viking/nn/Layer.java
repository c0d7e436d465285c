package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.List;

/**
 * One step of a {@link Sequential} model: a pure function of its parameters and a batch.
 *
 * <p>The set of layers is closed, because {@link Linearisation} has derivatives written by hand for
 * each. Layers are immutable, hold no tensors, and may be used by any number of threads.
 */
public sealed interface Layer
    permits Linear,
        Conv2d,
        BatchNorm2d,
        LayerNorm,
        GroupNorm,
        RmsNorm,
        Embedding,
        Bias,
        MaxPool2d,
        AvgPool2d,
        GlobalAvgPool2d,
        MeanOverPositions,
        Upsample2d,
        Flatten,
        Unflatten,
        Activation,
        Dropout,
        Residual {
  /**
   * The layer's parameters in the order in which they lie in the flat vector.
   *
   * @return an unmodifiable list, empty for a layer without parameters
   */
  List<Parameter> parameters();

  /**
   * Sizes of one example's output.
   *
   * @param inputShape sizes of one example's input, without the batch dimension
   * @return sizes of its output, without the batch dimension
   * @throws dev.viking.torch.ShapeException when the layer does not take such an input
   */
  long[] outputShape(long[] inputShape);

  /**
   * Evaluates the layer; works inside every transform.
   *
   * @param parameters the layer's parameters in the order and with the shapes of {@link
   *     #parameters()}
   * @param inputs [B, ...]
   * @return [B, ...], belonging to the current scope
   */
  Tensor apply(List<Tensor> parameters, Tensor inputs);
}
