package dev.viking.nn;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Value and gradient of a batch's loss: the step of maximum likelihood training, and the
 * expectation's part of an ELBO.
 *
 * <p>Errors are those of {@link Linearisation}.
 */
public final class Gradients {
  private Gradients() {}

  /**
   * A loss with its gradient.
   *
   * @param value scalar
   * @param gradient [D]
   * @param outputs [B, C]
   */
  public record Result(Tensor value, Tensor gradient, Tensor outputs) {
    private Result keepIn(Scope scope) {
      scope.keep(List.of(value, gradient, outputs));
      return this;
    }
  }

  /**
   * The loss summed over the batch.
   *
   * @param model the model
   * @param loss the loss
   * @param parameters [D], floating
   * @param inputs [B, ...]
   * @param targets what the loss wants
   * @return value and gradient, belonging to the current scope
   */
  public static Result sum(
      Model model, Loss loss, Tensor parameters, Tensor inputs, Tensor targets) {
    try (Scope scope = Scope.open()) {
      return sum(Linearisation.of(model, loss, parameters, inputs, targets)).keepIn(scope);
    }
  }

  /**
   * The loss summed over the batch of a linearisation.
   *
   * @param point where, with a loss; its outputs are part of the result
   * @return value and gradient, belonging to the current scope
   */
  public static Result sum(Linearisation point) {
    try (Scope scope = Scope.open()) {
      return new Result(
          scope.keep(point.losses().sum()),
          scope.keep(point.lossGradient(null)),
          scope.keep(point.outputs()));
    }
  }

  /**
   * The mean loss of the batch.
   *
   * @param model the model
   * @param loss the loss
   * @param parameters [D], floating
   * @param inputs [B, ...]
   * @param targets what the loss wants
   * @return value and gradient, belonging to the current scope
   */
  public static Result mean(
      Model model, Loss loss, Tensor parameters, Tensor inputs, Tensor targets) {
    try (Scope scope = Scope.open()) {
      Linearisation point = Linearisation.of(model, loss, parameters, inputs, targets);
      double share = 1.0 / inputs.size(0);
      Tensor gradient = point.lossGradient(null);
      return new Result(
          scope.keep(point.losses().mean()),
          scope.keep(gradient.isWrapped() ? gradient.mul(share) : gradient.mul_(share)),
          scope.keep(point.outputs()));
    }
  }
}
