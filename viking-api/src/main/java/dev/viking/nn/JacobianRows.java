package dev.viking.nn;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Rows of the Jacobians that VIKING projects with, in one forward and one backward pass for the
 * whole batch.
 *
 * <p>Errors are those of {@link Linearisation}. To take more than one derivative at a point use a
 * {@link Linearisation}, which shares the passes.
 */
public final class JacobianRows {
  private JacobianRows() {}

  /**
   * A Jacobian with the values it belongs to.
   *
   * @param jacobian [n, D]
   * @param outputs [B, C]
   * @param losses [B], or null where no loss was given
   */
  public record Rows(Tensor jacobian, Tensor outputs, @Nullable Tensor losses) {}

  /**
   * The loss Jacobian: row i is the gradient of example i's loss.
   *
   * @param model the model
   * @param loss the loss
   * @param parameters [D], floating
   * @param inputs [B, ...]
   * @param targets what the loss wants
   * @return B rows, belonging to the current scope
   */
  public static Rows loss(
      Model model, Loss loss, Tensor parameters, Tensor inputs, Tensor targets) {
    try (Scope scope = Scope.open()) {
      return kept(scope, Linearisation.of(model, loss, parameters, inputs, targets), true);
    }
  }

  /**
   * The function Jacobian: row b * C + c is the gradient of output c of example b.
   *
   * @param model the model
   * @param parameters [D], floating
   * @param inputs [B, ...]
   * @return B * C rows, belonging to the current scope, without losses
   */
  public static Rows function(Model model, Tensor parameters, Tensor inputs) {
    try (Scope scope = Scope.open()) {
      return kept(scope, Linearisation.of(model, parameters, inputs), false);
    }
  }

  /**
   * The loss Jacobian by transforms: vmap of the gradient.
   *
   * @param model any model
   * @param loss the loss
   * @param parameters [D], floating
   * @param inputs [B, ...]
   * @param targets what the loss wants
   * @return B rows, belonging to the current scope
   */
  public static Rows genericLoss(
      Model model, Loss loss, Tensor parameters, Tensor inputs, Tensor targets) {
    try (Scope scope = Scope.open()) {
      return kept(scope, Linearisation.generic(model, loss, parameters, inputs, targets), true);
    }
  }

  /**
   * The function Jacobian by transforms: vmap of jacrev.
   *
   * @param model any model
   * @param parameters [D], floating
   * @param inputs [B, ...]
   * @return B * C rows, belonging to the current scope, without losses
   */
  public static Rows genericFunction(Model model, Tensor parameters, Tensor inputs) {
    try (Scope scope = Scope.open()) {
      return kept(scope, Linearisation.generic(model, null, parameters, inputs, null), false);
    }
  }

  private static Rows kept(Scope scope, Linearisation linearisation, boolean ofLoss) {
    Tensor jacobian = ofLoss ? linearisation.lossJacobian() : linearisation.functionJacobian();
    return new Rows(
        scope.keep(jacobian),
        scope.keep(linearisation.outputs()),
        ofLoss ? scope.keep(linearisation.losses()) : null);
  }
}
