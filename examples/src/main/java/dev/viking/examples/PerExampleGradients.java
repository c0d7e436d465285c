package dev.viking.examples;

import dev.viking.func.Func;
import dev.viking.func.TensorsFunction;
import dev.viking.func.VmapOptions;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/** The gradient of the loss of each example, all at once: {@code vmap} of {@code grad}. */
public final class PerExampleGradients {
  private PerExampleGradients() {}

  /**
   * Differentiates the squared error of a linear model, example by example.
   *
   * @param weights [D]
   * @param inputs [B, D]
   * @param targets [B]
   * @return [B, D], row i being the gradient of example i's loss; belongs to the current scope
   */
  public static Tensor gradients(Tensor weights, Tensor inputs, Tensor targets) {
    TensorsFunction gradientOfOne =
        example ->
            List.of(
                Func.grad(w -> w.mul(example.get(0)).sum().sub(example.get(1)).square(), weights));
    return Func.vmap(gradientOfOne, VmapOptions.defaults()).apply(List.of(inputs, targets)).get(0);
  }

  /**
   * Prints the gradients of four random examples.
   *
   * @param args ignored
   */
  public static void main(String[] args) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(0)) {
      Tensor weights = Tensor.randn(rng, DType.FLOAT64, 3);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 4, 3);
      Tensor gradients = gradients(weights, inputs, Tensor.zeros(DType.FLOAT64, 4));
      for (long i = 0; i < gradients.size(0); i++) {
        System.out.println(Arrays.toString(gradients.select(0, i).toDoubleArray()));
      }
    }
  }
}
