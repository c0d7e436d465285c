package dev.viking.benchmarks;

import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Sequential;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A model with a batch of B images of noise, float32 on the CPU.
 *
 * @param model the network
 * @param loss softmax cross-entropy
 * @param parameters [D]
 * @param images [B, ...], of the model's input shape
 * @param labels [B], int64
 * @param tangent [D], a direction in parameter space
 * @param cotangent [B, 10], a direction in output space
 * @param noise [S, D], of variance one
 */
public record Problem(
    Sequential model,
    Loss loss,
    Tensor parameters,
    Tensor images,
    Tensor labels,
    Tensor tangent,
    Tensor cotangent,
    Tensor noise)
    implements AutoCloseable {
  /** Number of classes. */
  public static final int CLASSES = 10;

  /**
   * The problem of a setting; its tensors belong to the caller, or to the current scope.
   *
   * @param setting model, B and S; N is not looked at
   * @return the problem
   */
  public static Problem of(Setting setting) {
    Sequential model = Models.of(setting.model());
    int size = (int) model.layout().total();
    int batch = setting.batch();
    int samples = setting.samples();
    return new Problem(
        model,
        Losses.softmaxCrossEntropy(),
        Tensor.of(Inputs.parameters(model.layout(), 1), size),
        images(model, batch),
        Tensor.of(Inputs.labels(batch, CLASSES)),
        Tensor.of(Inputs.floats(3, size, 1.0, 0.0), size),
        Tensor.of(Inputs.floats(4, batch * CLASSES, 1.0, 0.0), batch, CLASSES),
        Tensor.of(Inputs.floats(5, samples * size, Math.sqrt(12.0), 0.0), samples, size));
  }

  /**
   * Images of noise; fewer of them are the first of more.
   *
   * @param model whose input shape they have
   * @param count how many
   * @return [count, ...]
   */
  public static Tensor images(Sequential model, int count) {
    long[] shape = model.inputShape();
    int pixels = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    long[] all = LongStream.concat(LongStream.of(count), Arrays.stream(shape)).toArray();
    return Tensor.of(Inputs.floats(2, count * pixels, 1.0, 0.5), all);
  }

  @Override
  public void close() {
    List.of(parameters, images, labels, tangent, cotangent, noise).forEach(Tensor::close);
  }
}
