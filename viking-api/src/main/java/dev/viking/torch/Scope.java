package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Owns every tensor and pullback that its thread makes while it is current, and frees the tensors
 * in one native call when it is closed.
 *
 * <pre>{@code
 * try (Scope scope = Scope.open()) {
 *   Tensor y = x.matmul(w).tanh();
 *   return scope.keep(y.sum());
 * }
 * }</pre>
 *
 * <p>Scopes of a thread form a stack. A scope belongs to the thread that opened it and may be used
 * by that thread only; the tensors in it may be used by any thread until it is closed.
 */
public final class Scope implements AutoCloseable {
  private static final int FIRST_CAPACITY = 16;

  private final Thread thread = Thread.currentThread();
  private final Invoker state;
  private final @Nullable Scope parent;
  private final boolean functionBody;
  private TensorHandle[] tensors = new TensorHandle[FIRST_CAPACITY];
  private int count;
  private @Nullable List<Pullback> pullbacks;
  private @Nullable Arena views;
  private boolean closed;

  private Scope(Invoker state, boolean functionBody) {
    this.state = state;
    this.parent = state.scope;
    this.functionBody = functionBody;
    state.scope = this;
  }

  /**
   * Opens a scope inside the current one and makes it current for this thread.
   *
   * @return the scope, to be closed by this thread
   */
  public static Scope open() {
    return new Scope(Invoker.get(), false);
  }

  /**
   * The scope that tensors made by this thread join.
   *
   * @return the innermost open scope of this thread, or null when there is none
   */
  public static @Nullable Scope current() {
    return Invoker.get().scope;
  }

  /**
   * Lets a tensor outlive this scope: it moves to the enclosing scope, or belongs to the caller
   * when there is none. A tensor that already belongs to an enclosing scope, or to nobody, stays as
   * it is.
   *
   * @param tensor an open tensor
   * @return the same tensor
   * @throws ClosedException when the tensor or this scope is closed
   * @throws ScopeException when called by another thread
   * @throws EscapedTensorException when the tensor is an input of a transformed function
   */
  public Tensor keep(Tensor tensor) {
    checkUsable("Scope.keep");
    tensor.requireOpen("Scope.keep");
    if (tensor.isBorrowed()) {
      throw new EscapedTensorException(
          "Scope.keep: the tensor is an input of a transformed function and ends with it; return it"
              + " as an output");
    }
    if (isInside(tensor.owner)) {
      tensor.owner = parent;
      if (parent != null) {
        parent.add(tensor);
      }
    }
    return tensor;
  }

  /**
   * Lets tensors outlive this scope, as {@link #keep(Tensor)} does with each.
   *
   * @param kept open tensors
   * @return the same list
   */
  public List<Tensor> keep(List<Tensor> kept) {
    kept.forEach(this::keep);
    return kept;
  }

  /**
   * Takes a tensor that belongs to nobody into this scope.
   *
   * @param tensor an open tensor without a scope
   * @return the same tensor
   * @throws ClosedException when the tensor or this scope is closed
   * @throws ScopeException when the tensor belongs to a scope already, or when called by another
   *     thread
   */
  public Tensor adopt(Tensor tensor) {
    checkUsable("Scope.adopt");
    tensor.requireOpen("Scope.adopt");
    if (tensor.owner != null || tensor.isBorrowed()) {
      throw new ScopeException("Scope.adopt: the tensor belongs to another scope already");
    }
    tensor.owner = this;
    add(tensor);
    return tensor;
  }

  /**
   * Takes a tensor out of its scope, so that it outlives every scope: it belongs to the caller, who
   * closes it. For state that stays between calls, as an optimiser's; a tensor that belongs to
   * nobody stays as it is.
   *
   * @param tensor an open tensor
   * @return the same tensor
   * @throws ClosedException when the tensor is closed
   * @throws ScopeException when the tensor's scope belongs to another thread
   * @throws EscapedTensorException when the tensor is an input of a transformed function, or was
   *     made inside one
   */
  public static Tensor release(Tensor tensor) {
    tensor.requireOpen("Scope.release");
    Scope owner = tensor.owner;
    if (tensor.isBorrowed() || (owner != null && owner.isInsideFunction())) {
      throw new EscapedTensorException(
          "Scope.release: the tensor belongs to a transformed function and ends with it; return it"
              + " as an output");
    }
    if (owner != null) {
      owner.checkThread("Scope.release");
      tensor.owner = null;
    }
    return tensor;
  }

  /**
   * How many open tensors this scope owns.
   *
   * @return the number of tensors that {@link #close} would free
   */
  public int size() {
    int live = 0;
    for (int i = 0; i < count; i++) {
      live += isLive(tensors[i]) ? 1 : 0;
    }
    return live;
  }

  /**
   * What the open tensors of this scope hold on a device. Unlike {@link NativeMemory#live} it does
   * not see what other threads do.
   *
   * @param device the device
   * @return elements times element size over the tensors that this scope owns, in bytes; shared
   *     storage counts for each
   * @throws ScopeException when called by another thread
   */
  public long bytes(Device device) {
    checkThread("Scope.bytes");
    long sum = 0;
    for (int i = 0; i < count; i++) {
      TensorHandle tensor = tensors[i];
      if (isLive(tensor) && tensor.device().equals(device)) {
        sum += tensor.numel() * tensor.dtype().byteSize();
      }
    }
    return sum;
  }

  /**
   * Lists the open tensors of this scope, one line each, with the place where each was made when
   * the JVM runs with {@code -Dviking.leaks=trace}.
   *
   * @return the listing, empty when there are none
   * @throws ScopeException when called by another thread
   */
  public String dump() {
    checkThread("Scope.dump");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      if (isLive(tensors[i])) {
        text.append(tensors[i]).append(LeakTracker.origin(tensors[i])).append('\n');
      }
    }
    return text.toString();
  }

  /**
   * Frees everything the scope owns and makes the enclosing scope current again. Closing twice does
   * nothing.
   *
   * @throws ScopeException when scopes opened inside this one are still open (they are freed too);
   *     when called by another thread, or from a transformed function that runs inside this scope
   *     (nothing is freed)
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    checkThread("Scope.close");
    if (functionBody) {
      throw new ScopeException("Scope.close: the scope of a transformed function closes by itself");
    }
    for (Scope inner = state.scope; inner != null && inner != this; inner = inner.parent) {
      if (inner.functionBody) {
        throw new ScopeException(
            "Scope.close: a transformed function is running inside this scope; close it"
                + " afterwards");
      }
    }
    int abandoned = end();
    if (abandoned > 0) {
      throw new ScopeException(
          "Scope.close: out of order; "
              + abandoned
              + " scope(s) opened inside it were still open and were "
              + "closed with it");
    }
  }

  /** Opens the scope of a transformed function's body. */
  static Scope openBody(Invoker state) {
    return new Scope(state, true);
  }

  /** Closes a body's scope, and those left open inside it; returns how many those were. */
  int end() {
    int abandoned = 0;
    while (state.scope != null && state.scope != this) {
      state.scope.free();
      abandoned++;
    }
    free();
    return abandoned;
  }

  /** Whether this is the scope of a transformed function's body. */
  boolean isFunctionBody() {
    return functionBody;
  }

  /** Takes over a tensor whose owner is already set to this scope; on this scope's thread only. */
  void add(TensorHandle tensor) {
    if (count == tensors.length) {
      makeRoom();
    }
    tensors[count++] = tensor;
  }

  /** Takes over a pullback; on this scope's thread only. */
  void add(Pullback pullback) {
    if (pullbacks == null) {
      pullbacks = new ArrayList<>(2);
    }
    pullbacks.removeIf(Pullback::isClosed);
    pullbacks.add(pullback);
  }

  /** The arena of memory views that end with this scope. */
  @SuppressWarnings("MustBeClosedChecker") // closed with the scope
  Arena views() {
    if (views == null) {
      views = Arena.ofConfined();
    }
    return views;
  }

  private void free() {
    closed = true;
    state.scope = parent;
    if (views != null) {
      views.close();
    }
    if (pullbacks != null) {
      pullbacks.forEach(Pullback::close);
      pullbacks = null;
    }
    releaseTensors();
    KeepAlive.drain();
  }

  private void releaseTensors() {
    int size = count;
    TensorHandle[] owned = tensors;
    count = 0;
    tensors = new TensorHandle[0];
    if (8L * size <= state.lists().byteSize()) {
      releaseThrough(state.lists(), owned, size);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        releaseThrough(arena.allocate(8L * size, 8), owned, size);
      }
    }
  }

  private void releaseThrough(MemorySegment handles, TensorHandle[] owned, int size) {
    long live = 0;
    for (int i = 0; i < size; i++) {
      if (owned[i].owner == this) {
        long handle = owned[i].take();
        if (handle != 0) {
          handles.setAtIndex(ValueLayout.JAVA_LONG, live++, handle);
        }
      }
    }
    if (live > 0) {
      viking_native_h.vk_tensor_release(handles, live);
    }
  }

  // Tensors closed one by one are dropped here and not when they close: closing stays one step from
  // any thread, and
  // a loop that makes and closes tensors does not let the list grow.
  private void makeRoom() {
    int live = 0;
    for (int i = 0; i < count; i++) {
      if (isLive(tensors[i])) {
        tensors[live++] = tensors[i];
      }
    }
    Arrays.fill(tensors, live, count, null);
    count = live;
    if (2 * live > tensors.length || tensors.length == 0) {
      tensors = Arrays.copyOf(tensors, Math.max(FIRST_CAPACITY, 2 * tensors.length));
    }
  }

  private boolean isLive(TensorHandle tensor) {
    return tensor.owner == this && !tensor.isClosed();
  }

  private boolean isInside(@Nullable Scope owner) {
    for (Scope scope = owner; scope != null; scope = scope.parent) {
      if (scope == this) {
        return true;
      }
    }
    return false;
  }

  private boolean isInsideFunction() {
    for (Scope scope = this; scope != null; scope = scope.parent) {
      if (scope.functionBody) {
        return true;
      }
    }
    return false;
  }

  private void checkUsable(String operation) {
    checkThread(operation);
    if (closed) {
      throw new ClosedException(operation + ": the scope is closed");
    }
  }

  private void checkThread(String operation) {
    if (!Objects.equals(Thread.currentThread(), thread)) {
      throw new ScopeException(
          operation
              + ": the scope belongs to thread \""
              + thread.getName()
              + "\", not to \""
              + Thread.currentThread().getName()
              + "\"");
    }
  }
}
