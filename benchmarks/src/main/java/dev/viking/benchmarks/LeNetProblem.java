package dev.viking.benchmarks;

import dev.viking.nn.LeNet;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Sequential;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * The paper's LeNet (44,426 parameters) with a batch of B images of noise, float32 on the CPU.
 *
 * @param model the network
 * @param loss softmax cross-entropy
 * @param parameters [D]
 * @param images [B, 1, 28, 28]
 * @param labels [B], int64
 * @param tangent [D], a direction in parameter space
 * @param cotangent [B, 10], a direction in output space
 * @param noise [D], of variance one
 */
public record LeNetProblem(
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

  private static final int PIXELS = 28 * 28;

  /**
   * The problem for a batch size; its tensors belong to the caller, or to the current scope.
   *
   * @param batch B
   * @return the problem
   */
  public static LeNetProblem of(int batch) {
    Sequential model = LeNet.paper();
    int size = (int) model.layout().total();
    return new LeNetProblem(
        model,
        Losses.softmaxCrossEntropy(),
        Tensor.of(Inputs.parameters(model.layout(), 1), size),
        Tensor.of(Inputs.floats(2, batch * PIXELS, 1.0, 0.5), batch, 1, 28, 28),
        Tensor.of(Inputs.labels(batch, CLASSES)),
        Tensor.of(Inputs.floats(3, size, 1.0, 0.0), size),
        Tensor.of(Inputs.floats(4, batch * CLASSES, 1.0, 0.0), batch, CLASSES),
        Tensor.of(Inputs.floats(5, size, Math.sqrt(12.0), 0.0), size));
  }

  @Override
  public void close() {
    List.of(parameters, images, labels, tangent, cotangent, noise).forEach(Tensor::close);
  }
}
