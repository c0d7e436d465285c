package dev.viking.func;

import dev.viking.torch.ClosedException;
import dev.viking.torch.EscapedTensorException;
import dev.viking.torch.Pullback;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.Objects;

/**
 * A function's output at one point, and the map from cotangents to gradients there.
 *
 * <p>Belongs to the scope that was current when it was made, and may be closed earlier. Several
 * threads may pull back at once.
 */
public final class Vjp implements AutoCloseable {
  private final Tensor output;
  private final Pullback pullback;

  Vjp(Tensor output, Pullback pullback) {
    this.output = output;
    this.pullback = pullback;
  }

  /**
   * The function's output.
   *
   * @return f(x)
   */
  public Tensor output() {
    return output;
  }

  /**
   * Pulls a cotangent back. May be called many times.
   *
   * @param cotangent of the output's sizes, element type and device
   * @return J(x)^T c, of the input's sizes; zeros when the output does not depend on the input
   * @throws ShapeException when the sizes are not the output's
   * @throws ClosedException when this or the cotangent is closed
   * @throws EscapedTensorException when this was made inside a transformed function that has
   *     returned
   */
  public Tensor pullback(Tensor cotangent) {
    Objects.requireNonNull(cotangent, "cotangent");
    return pullback.apply(Collections.singletonList(cotangent)).getFirst();
  }

  /** Frees the saved intermediates; the output stays. Closing again does nothing. */
  @Override
  public void close() {
    pullback.close();
  }
}
