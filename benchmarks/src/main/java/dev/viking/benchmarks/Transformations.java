package dev.viking.benchmarks;

import dev.viking.func.Func;
import dev.viking.func.Hvp;
import dev.viking.func.HvpMode;
import dev.viking.func.Jvp;
import dev.viking.func.TensorFunction;
import dev.viking.func.TensorsFunction;
import dev.viking.func.Vjp;
import dev.viking.func.VmapOptions;
import dev.viking.nn.JacobianRows;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * The work of {@link TransformationKernel}: what {@code torch.func} offers for the same network.
 */
public final class Transformations {
  private Transformations() {}

  /**
   * Outputs, without derivatives.
   *
   * @param at where
   * @return outputs [B, C]
   */
  public static List<Tensor> forward(Problem at) {
    return List.of(at.model().apply(at.parameters(), at.images()));
  }

  /**
   * Jacobian-vector product of the outputs.
   *
   * @param at where
   * @return outputs and their derivative in the tangent's direction, [B, C] each
   */
  public static List<Tensor> jvp(Problem at) {
    Jvp result = Func.jvp(outputs(at), at.parameters(), at.tangent());
    return List.of(result.output(), result.tangent());
  }

  /**
   * Vector-Jacobian product of the outputs.
   *
   * @param at where
   * @return outputs [B, C], and the gradient [D] of their product with the cotangent
   */
  public static List<Tensor> vjp(Problem at) {
    Vjp result = Func.vjp(outputs(at), at.parameters());
    return List.of(result.output(), result.pullback(at.cotangent()));
  }

  /**
   * Gradient of the mean loss.
   *
   * @param at where
   * @return the gradient [D]
   */
  public static List<Tensor> gradient(Problem at) {
    return List.of(Func.grad(meanLoss(at), at.parameters()));
  }

  /**
   * Hessian-vector product of the mean loss, reverse over reverse.
   *
   * @param at where
   * @return the product [D]
   */
  public static List<Tensor> hvp(Problem at) {
    Hvp result =
        Func.hvp(meanLoss(at), at.parameters(), at.tangent(), HvpMode.REVERSE_OVER_REVERSE);
    return List.of(result.product());
  }

  /**
   * Gradient of each example's loss, by the rules of the layers.
   *
   * @param at where
   * @return the loss Jacobian [B, D]
   */
  public static List<Tensor> perExampleGradients(Problem at) {
    return List.of(
        JacobianRows.loss(at.model(), at.loss(), at.parameters(), at.images(), at.labels())
            .jacobian());
  }

  /**
   * Gradient of each example's loss, by vmap of grad, as for any Java function.
   *
   * @param at where
   * @return the loss Jacobian [B, D]
   */
  public static List<Tensor> perExampleGradientsGeneric(Problem at) {
    TensorsFunction example =
        one -> {
          Tensor x = one.get(0).unsqueeze(0);
          Tensor y = one.get(1).unsqueeze(0);
          return List.of(
              Func.grad(
                  p -> at.loss().perExample(at.model().apply(p, x), y).sum(), at.parameters()));
        };
    return Func.vmap(example, VmapOptions.defaults()).apply(List.of(at.images(), at.labels()));
  }

  /**
   * Jacobian of the outputs, by the rules of the layers.
   *
   * @param at where
   * @return the function Jacobian [B C, D]
   */
  public static List<Tensor> jacobian(Problem at) {
    return List.of(JacobianRows.function(at.model(), at.parameters(), at.images()).jacobian());
  }

  /**
   * Jacobian of the outputs, by vmap of jacrev over the examples.
   *
   * @param at where
   * @return the function Jacobian [B, C, D]
   */
  public static List<Tensor> jacobianGeneric(Problem at) {
    TensorFunction example =
        x -> Func.jacrev(p -> at.model().apply(p, x.unsqueeze(0)).squeeze(0), at.parameters());
    return List.of(Func.vmap(example).apply(at.images()));
  }

  /**
   * Jacobian of the outputs, by jacrev of the whole batch.
   *
   * @param at where
   * @return the function Jacobian [B, C, D]
   */
  public static List<Tensor> jacrev(Problem at) {
    return List.of(Func.jacrev(outputs(at), at.parameters()));
  }

  private static TensorFunction outputs(Problem at) {
    return parameters -> at.model().apply(parameters, at.images());
  }

  private static TensorFunction meanLoss(Problem at) {
    return parameters ->
        at.loss().perExample(at.model().apply(parameters, at.images()), at.labels()).mean();
  }
}
