package dev.viking.nn;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Gradients of {@code sum_s [mu_s^T J(theta) k_s + lambda_s^T J(theta) q_s]} with mu, lambda, k and
 * q held constant: the theta part of the derivative of VIKING's projection (the custom adjoint of
 * the paper's authors).
 *
 * <p>Errors are those of {@link Linearisation}, whose methods share the forward and backward pass
 * with the other derivatives of a step.
 */
public final class WeightedHvp {
  private WeightedHvp() {}

  /**
   * For the loss Jacobian.
   *
   * @param model the model
   * @param loss the loss
   * @param parameters [D], floating
   * @param inputs [B, ...]
   * @param targets what the loss wants
   * @param mu [S, B]
   * @param k [S, D]
   * @param lambda [S, B]
   * @param q [S, D]
   * @return [D], belonging to the current scope
   */
  public static Tensor loss(
      Model model,
      Loss loss,
      Tensor parameters,
      Tensor inputs,
      Tensor targets,
      Tensor mu,
      Tensor k,
      Tensor lambda,
      Tensor q) {
    try (Scope scope = Scope.open()) {
      Linearisation point = Linearisation.of(model, loss, parameters, inputs, targets);
      return scope.keep(
          point.lossWeightedHvp(Tensor.cat(List.of(mu, lambda), 0), Tensor.cat(List.of(k, q), 0)));
    }
  }

  /**
   * For the function Jacobian.
   *
   * @param model the model
   * @param parameters [D], floating
   * @param inputs [B, ...]
   * @param mu [S, B * C], example-major
   * @param k [S, D]
   * @param lambda [S, B * C], example-major
   * @param q [S, D]
   * @return [D], belonging to the current scope
   */
  public static Tensor function(
      Model model, Tensor parameters, Tensor inputs, Tensor mu, Tensor k, Tensor lambda, Tensor q) {
    try (Scope scope = Scope.open()) {
      Linearisation point = Linearisation.of(model, parameters, inputs);
      return scope.keep(
          point.functionWeightedHvp(
              Tensor.cat(List.of(mu, lambda), 0), Tensor.cat(List.of(k, q), 0)));
    }
  }
}
