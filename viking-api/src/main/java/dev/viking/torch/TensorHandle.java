package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The native handle under a {@link Tensor}: ownership, closing and metadata.
 *
 * <p>The operators are spread over a chain of classes by theme, each extending the one before, only
 * to keep the files readable; users see one class, {@link Tensor}.
 */
abstract sealed class TensorHandle implements AutoCloseable permits TensorArithmetic {
  private static final VarHandle HANDLE;

  static {
    try {
      HANDLE = MethodHandles.lookup().findVarHandle(TensorHandle.class, "handle", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * The scope that frees this tensor; null when it belongs to the caller. Set by that scope's
   * thread only.
   */
  @Nullable Scope owner;

  /** Native handle, 0 when closed. Taken atomically, so that it is released once. */
  private long handle;

  private final boolean borrowed;
  private @Nullable Metadata metadata;

  /** A tensor that owns its handle, and joins the current scope of the invoker's thread. */
  TensorHandle(long handle, Invoker invoker) {
    this.handle = handle;
    this.borrowed = false;
    Scope scope = invoker.scope;
    this.owner = scope;
    if (scope != null) {
      scope.add(this);
    }
    if (LeakTracker.TRACING) {
      LeakTracker.made(this, handle);
    }
  }

  /** A tensor whose handle belongs to the native side: an input of a transformed function. */
  TensorHandle(long borrowedHandle) {
    this.handle = borrowedHandle;
    this.borrowed = true;
  }

  /**
   * Frees the tensor; the storage goes with its last tensor. Closing again does nothing, and any
   * thread may close, but not while another thread is in a call with this tensor: that race is the
   * caller's to avoid. An input of a transformed function is merely not usable any more.
   */
  @Override
  public final void close() {
    long taken = take();
    if (taken != 0 && !borrowed) {
      Invoker.get().release(taken);
    }
  }

  /**
   * Whether this tensor is closed.
   *
   * @return true after {@link #close}, or after its scope was closed
   */
  public final boolean isClosed() {
    return handle == 0;
  }

  /**
   * Sizes of all dimensions.
   *
   * @return a fresh array; inside {@code vmap} the sizes of one example
   */
  public final long[] shape() {
    return metadata().sizes().clone();
  }

  /**
   * Steps between neighbouring elements of each dimension, in elements.
   *
   * @return a fresh array
   */
  public final long[] strides() {
    return metadata().strides().clone();
  }

  /**
   * Size of one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @return its size
   * @throws IndexException when there is no such dimension
   */
  public final long size(long dim) {
    long[] sizes = metadata().sizes();
    long index = dim < 0 ? dim + sizes.length : dim;
    if (index < 0 || index >= sizes.length) {
      throw new IndexException(
          "Tensor.size: dimension " + dim + " of a tensor with " + sizes.length + " dimensions");
    }
    return sizes[(int) index];
  }

  /**
   * Number of dimensions.
   *
   * @return 0 for a scalar
   */
  public final int dim() {
    return metadata().sizes().length;
  }

  /**
   * Number of elements.
   *
   * @return the product of the sizes
   */
  public final long numel() {
    return metadata().numel();
  }

  /**
   * Element type.
   *
   * @return the element type
   * @throws DTypeException when it is one that this library does not know
   */
  public final DType dtype() {
    return DType.of(metadata().type());
  }

  /**
   * Where the elements lie.
   *
   * @return the device
   */
  public final Device device() {
    Metadata known = metadata();
    return Device.of(known.deviceType(), known.deviceIndex());
  }

  /**
   * Whether the elements lie row-major and without gaps.
   *
   * @return true when they do
   */
  public final boolean isContiguous() {
    return metadata().contiguous();
  }

  /**
   * Whether the tensor was made inside a transform and is valid only there.
   *
   * @return true when it was
   */
  public final boolean isWrapped() {
    return metadata().wrapped();
  }

  /** Element type, device and shape; never the values. */
  @Override
  public final String toString() {
    if (isClosed()) {
      return "Tensor[closed]";
    }
    try {
      return "Tensor[" + dtype() + ", " + device() + ", " + Shapes.text(metadata().sizes()) + "]";
    } catch (VikingException e) {
      return "Tensor[" + e.getMessage() + "]";
    }
  }

  final Metadata metadata() {
    Metadata known = metadata;
    if (known == null) {
      known = Metadata.read(pointer("Tensor metadata"), Invoker.get());
      metadata = known;
    }
    if (handle == 0) {
      throw closedFailure("Tensor metadata");
    }
    return known;
  }

  /** For operators that may change sizes or strides in place. */
  final void forgetMetadata() {
    metadata = null;
  }

  /** The handle, 0 when closed. */
  final long rawHandle() {
    return handle;
  }

  /** The handle as a native pointer, for calls that take one. */
  final MemorySegment pointer(String operation) {
    long open = handle;
    if (open == 0) {
      throw closedFailure(operation);
    }
    return MemorySegment.ofAddress(open);
  }

  /**
   * Takes the handle away, closing this tensor without releasing it; 0 when it was closed already.
   */
  final long take() {
    long taken = (long) HANDLE.getAndSet(this, 0L);
    if (LeakTracker.TRACING && taken != 0 && !borrowed) {
      LeakTracker.closed(taken);
    }
    return taken;
  }

  /** A second handle to the same native tensor, which the caller must release. */
  final long retain(String operation) {
    Invoker invoker = Invoker.get();
    Status.check(
        viking_native_h.vk_tensor_retain(
            pointer(operation), invoker.cell(), invoker.error(), Invoker.ERROR_BYTES),
        operation,
        invoker.error());
    return invoker.cell().get(ValueLayout.JAVA_LONG, 0);
  }

  final boolean isBorrowed() {
    return borrowed;
  }

  final void requireOpen(String operation) {
    if (handle == 0) {
      throw closedFailure(operation);
    }
  }

  /** What to throw when this closed tensor is used. */
  final VikingException closedFailure(String operation) {
    Scope scope = owner;
    if (borrowed || (scope != null && scope.isFunctionBody())) {
      return new EscapedTensorException(
          operation
              + ": the tensor belongs to a transformed function that has returned (or it was closed"
              + " in it); return it as an output to use it outside");
    }
    return new ClosedException(
        operation
            + ": the tensor is closed"
            + (scope != null ? " (by close(), or with the scope it was made in)" : ""));
  }
}
