package dev.viking.func;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.EscapedTensorException;
import dev.viking.torch.Pullback;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A function's outputs at one point, and the map from cotangents to gradients there.
 *
 * <p>Belongs to the scope that was current when it was made, and may be closed earlier. Several
 * threads may pull back at once.
 */
public final class VjpN implements AutoCloseable {
  private final List<Tensor> outputs;
  private final Pullback pullback;

  VjpN(List<Tensor> outputs, Pullback pullback) {
    this.outputs = outputs;
    this.pullback = pullback;
  }

  /**
   * The function's outputs.
   *
   * @return the outputs, in order
   */
  public List<Tensor> outputs() {
    return outputs;
  }

  /**
   * Pulls cotangents back. May be called many times.
   *
   * @param cotangents one for each output, of its sizes, element type and device; null stands for
   *     zero
   * @return one gradient for each input, of its sizes; zeros where no output depends on it
   * @throws ArgumentException when the number of cotangents is not that of the outputs
   * @throws ShapeException when a cotangent's sizes are not its output's
   * @throws ClosedException when this or a cotangent is closed
   * @throws EscapedTensorException when this was made inside a transformed function that has
   *     returned
   */
  public List<Tensor> pullback(List<? extends @Nullable Tensor> cotangents) {
    return pullback.apply(cotangents);
  }

  /** Frees the saved intermediates; the outputs stay. Closing again does nothing. */
  @Override
  public void close() {
    pullback.close();
  }
}
