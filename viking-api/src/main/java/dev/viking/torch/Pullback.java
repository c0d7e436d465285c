package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The linear map from cotangents of a function's outputs to gradients of its inputs, at one point.
 * Low level: users have {@code dev.viking.func.Vjp}.
 *
 * <p>It holds the saved intermediates of the evaluation until it is closed, by itself or with the
 * scope it was made in. May be applied many times and by several threads at once; closing it during
 * a call is the caller's error.
 */
public final class Pullback implements AutoCloseable {
  private static final String NAME = "vjp pullback";

  private final AtomicLong handle;
  private final int numInputs;
  private final int numOutputs;

  Pullback(long handle, int numInputs, int numOutputs, Invoker invoker) {
    this.handle = new AtomicLong(handle);
    this.numInputs = numInputs;
    this.numOutputs = numOutputs;
    if (invoker.scope != null) {
      invoker.scope.add(this);
    }
  }

  /**
   * Pulls cotangents back.
   *
   * @param cotangents one for each output, of its sizes, element type and device; null stands for
   *     zero
   * @return one gradient for each input, of its sizes
   * @throws ArgumentException when the number of cotangents is not the number of outputs
   * @throws ShapeException when a cotangent's sizes are not its output's
   * @throws ClosedException when the pullback or a cotangent is closed
   * @throws EscapedTensorException when the pullback was made inside a transformed function that
   *     has returned
   */
  public List<Tensor> apply(List<? extends @Nullable Tensor> cotangents) {
    if (cotangents.size() != numOutputs) {
      throw new ArgumentException(
          NAME + ": " + cotangents.size() + " cotangents for " + numOutputs + " outputs");
    }
    long open = handle.get();
    if (open == 0) {
      throw new ClosedException(
          NAME + ": it is closed (by close(), or with the scope it was made in)");
    }
    Invoker invoker = Invoker.get();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment given = arena.allocate(8L * Math.max(1, numOutputs), 8);
      for (int i = 0; i < numOutputs; i++) {
        Tensor cotangent = cotangents.get(i);
        if (cotangent != null) {
          given.setAtIndex(
              ValueLayout.JAVA_LONG, i, Handles.open(cotangent, NAME + ": cotangent " + i));
        }
      }
      MemorySegment gradients = arena.allocate(8L * numInputs, 8);
      Status.check(
          viking_native_h.vk_pullback_apply(
              MemorySegment.ofAddress(open),
              given,
              numOutputs,
              gradients,
              numInputs,
              invoker.error(),
              Invoker.ERROR_BYTES),
          NAME,
          invoker.error());
      return Handles.adopt(gradients, 0, numInputs, invoker);
    }
  }

  /**
   * Whether this pullback is closed.
   *
   * @return true after {@link #close}, or after its scope was closed
   */
  public boolean isClosed() {
    return handle.get() == 0;
  }

  /** Frees the saved intermediates. Closing again does nothing. */
  @Override
  public void close() {
    long taken = handle.getAndSet(0);
    if (taken != 0) {
      viking_native_h.vk_pullback_release(MemorySegment.ofAddress(taken));
    }
  }
}
