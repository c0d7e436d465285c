package dev.viking.torch;

import dev.viking.bindings.FunctionRegistry;
import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The native transforms of Java functions, one downcall each. Low level: users have {@code
 * dev.viking.func.Func}.
 *
 * <p>Every method may be called by any number of threads at once, and from inside a function that
 * is itself being transformed. The function runs on the calling thread before the method returns;
 * it may run more than once, so it must be free of side effects. Its inputs are lent to it; what it
 * makes is freed when it returns, except its outputs. Results belong to the caller's current scope.
 * Whatever the function throws arrives as the same object.
 */
public final class Transforms {
  /** Most outputs a function may return. */
  static final int MAX_OUTPUTS = viking_native_h.VK_MAX_OUTPUTS();

  /** Stands for "all examples share this input" in batch dimensions. */
  public static final long SHARED = Long.MIN_VALUE;

  // Deeper nesting is a function that transforms itself without end, and would exhaust the native
  // stack.
  private static final int MAX_NESTING = 60;

  // Most functions have few outputs; for more the transform is run again with room enough.
  private static final long FIRST_CAPACITY = 64;

  private Transforms() {}

  /** A function of tensors. */
  @FunctionalInterface
  public interface Function {
    /**
     * Evaluates the function.
     *
     * @param inputs the inputs, lent: valid until the function returns
     * @return the outputs
     */
    List<Tensor> apply(List<Tensor> inputs);
  }

  /**
   * Outputs and their directional derivatives.
   *
   * @param outputs the function's outputs
   * @param tangents one for each output
   */
  public record JvpResult(List<Tensor> outputs, List<Tensor> tangents) {}

  /**
   * Outputs and the map that pulls cotangents back.
   *
   * @param outputs the function's outputs
   * @param pullback the linear map
   */
  public record VjpResult(List<Tensor> outputs, Pullback pullback) {}

  /**
   * Outputs and gradients of the first one.
   *
   * @param outputs the scalar, then the auxiliary ones
   * @param gradients one for each input
   */
  public record GradResult(List<Tensor> outputs, List<Tensor> gradients) {}

  /**
   * Outputs and Jacobians.
   *
   * @param outputs the function's outputs
   * @param jacobians by output, then by input
   */
  public record JacobianResult(List<Tensor> outputs, List<List<Tensor>> jacobians) {}

  /**
   * Value, gradient and Hessian-vector product of a scalar function.
   *
   * @param value the scalar
   * @param gradients one for each input
   * @param products one for each input
   */
  public record HvpResult(Tensor value, List<Tensor> gradients, List<Tensor> products) {}

  /**
   * Jacobian-vector product.
   *
   * @param function the function
   * @param primals where
   * @param tangents the direction, one for each primal, of its sizes, element type and device
   * @return outputs and tangents
   */
  public static JvpResult jvp(Function function, List<Tensor> primals, List<Tensor> tangents) {
    try (Call call = new Call("jvp", function)) {
      MemorySegment points = call.handles(primals, "primal");
      MemorySegment directions = call.handles(tangents, "tangent");
      call.requireSame(primals, tangents, "tangent");
      return call.run(
          (context, capacity) ->
              viking_native_h.vk_jvp(
                  FunctionRegistry.stub(),
                  context,
                  points,
                  directions,
                  primals.size(),
                  call.room(0, capacity),
                  call.room(1, capacity),
                  capacity,
                  call.count(),
                  call.error(),
                  Invoker.ERROR_BYTES),
          n -> new JvpResult(call.adopt(0, n), call.adopt(1, n)));
    }
  }

  /**
   * Vector-Jacobian product.
   *
   * @param function the function
   * @param primals where
   * @return outputs and pullback
   */
  public static VjpResult vjp(Function function, List<Tensor> primals) {
    try (Call call = new Call("vjp", function)) {
      MemorySegment points = call.handles(primals, "primal");
      return call.run(
          (context, capacity) ->
              viking_native_h.vk_vjp(
                  FunctionRegistry.stub(),
                  context,
                  points,
                  primals.size(),
                  call.room(0, capacity),
                  capacity,
                  call.count(),
                  call.room(1, 1),
                  call.error(),
                  Invoker.ERROR_BYTES),
          n -> new VjpResult(call.adopt(0, n), call.pullback(1, primals.size(), n)));
    }
  }

  /**
   * Value and gradient of a function whose first output is a scalar.
   *
   * @param function the function
   * @param primals where
   * @return outputs and gradients
   */
  public static GradResult grad(Function function, List<Tensor> primals) {
    try (Call call = new Call("grad", function)) {
      MemorySegment points = call.handles(primals, "primal");
      int count = primals.size();
      return call.run(
          (context, capacity) ->
              viking_native_h.vk_grad(
                  FunctionRegistry.stub(),
                  context,
                  points,
                  count,
                  viking_native_h.VK_GRAPH_AUTO(),
                  call.room(0, capacity),
                  capacity,
                  call.count(),
                  call.room(1, count),
                  call.error(),
                  Invoker.ERROR_BYTES),
          n -> new GradResult(call.adopt(0, n), call.adopt(1, count)));
    }
  }

  /**
   * Vectorising map.
   *
   * @param function the function of one example
   * @param inputs the inputs of all examples
   * @param inDims the batched dimension of each input, or {@link #SHARED}
   * @param outDims where each output's batch dimension goes, or one entry for all
   * @param chunkSize how many examples at a time; 0 for all
   * @param randomness the native code of the policy for random operators
   * @return the outputs of all examples
   */
  public static List<Tensor> vmap(
      Function function,
      List<Tensor> inputs,
      long[] inDims,
      long[] outDims,
      long chunkSize,
      int randomness) {
    try (Call call = new Call("vmap", function)) {
      MemorySegment handles = call.handles(inputs, "input");
      MemorySegment in = call.arena.allocateFrom(ValueLayout.JAVA_LONG, inDims);
      MemorySegment out = call.arena.allocateFrom(ValueLayout.JAVA_LONG, outDims);
      return call.run(
          (context, capacity) ->
              viking_native_h.vk_vmap(
                  FunctionRegistry.stub(),
                  context,
                  handles,
                  in,
                  inputs.size(),
                  out,
                  outDims.length,
                  chunkSize,
                  randomness,
                  call.room(0, capacity),
                  capacity,
                  call.count(),
                  call.error(),
                  Invoker.ERROR_BYTES),
          n -> call.adopt(0, n));
    }
  }

  /**
   * Jacobians by reverse mode.
   *
   * @param function the function
   * @param primals where
   * @param chunkSize how many rows at a time; 0 for all
   * @return outputs and Jacobians
   */
  public static JacobianResult jacrev(Function function, List<Tensor> primals, long chunkSize) {
    return jacobian("jacrev", viking_native_h::vk_jacrev, function, primals, chunkSize);
  }

  /**
   * Jacobians by forward mode.
   *
   * @param function the function
   * @param primals where
   * @param chunkSize how many columns at a time; 0 for all
   * @return outputs and Jacobians
   */
  public static JacobianResult jacfwd(Function function, List<Tensor> primals, long chunkSize) {
    return jacobian("jacfwd", viking_native_h::vk_jacfwd, function, primals, chunkSize);
  }

  /**
   * Hessian-vector product of a scalar function, the Hessian being over all primals together.
   *
   * @param function the function; exactly one output, one element
   * @param primals where
   * @param vectors one for each primal, of its sizes, element type and device
   * @param mode the native code of the mode
   * @return value, gradients and products
   */
  public static HvpResult hvp(
      Function function, List<Tensor> primals, List<Tensor> vectors, int mode) {
    try (Call call = new Call("hvp", function)) {
      MemorySegment points = call.handles(primals, "primal");
      MemorySegment directions = call.handles(vectors, "vector");
      call.requireSame(primals, vectors, "vector");
      int count = primals.size();
      return call.run(
          (context, capacity) ->
              viking_native_h.vk_hvp(
                  FunctionRegistry.stub(),
                  context,
                  points,
                  directions,
                  count,
                  mode,
                  call.room(0, 1),
                  call.room(1, count),
                  call.room(2, count),
                  call.error(),
                  Invoker.ERROR_BYTES),
          n ->
              new HvpResult(
                  call.adopt(0, 1).getFirst(), call.adopt(1, count), call.adopt(2, count)));
    }
  }

  /**
   * How many transforms are around the caller on this thread.
   *
   * @return 0 outside any
   */
  public static int depth() {
    return Invoker.get().depth;
  }

  private static JacobianResult jacobian(
      String name, NativeJacobian transform, Function function, List<Tensor> primals, long chunk) {
    if (chunk < 0) {
      throw new ArgumentException(name + ": chunk size " + chunk + "; it must be positive, or 0");
    }
    try (Call call = new Call(name, function)) {
      MemorySegment points = call.handles(primals, "primal");
      int count = primals.size();
      return call.run(
          (context, capacity) ->
              transform.call(
                  FunctionRegistry.stub(),
                  context,
                  points,
                  count,
                  chunk,
                  call.room(0, capacity),
                  call.room(1, capacity * count),
                  capacity,
                  call.count(),
                  call.error(),
                  Invoker.ERROR_BYTES),
          n -> {
            List<Tensor> outputs = call.adopt(0, n);
            List<Tensor> flat = call.adopt(1, n * count);
            List<List<Tensor>> rows = new ArrayList<>();
            for (int o = 0; o < n; o++) {
              rows.add(flat.subList(o * count, (o + 1) * count));
            }
            return new JacobianResult(outputs, List.copyOf(rows));
          });
    }
  }

  /** The native signature that both Jacobian transforms share. */
  @FunctionalInterface
  private interface NativeJacobian {
    int call(
        MemorySegment function,
        long context,
        MemorySegment primals,
        long numPrimals,
        long chunkSize,
        MemorySegment outputs,
        MemorySegment jacobians,
        long capacity,
        MemorySegment numOutputs,
        MemorySegment error,
        long errorCapacity);
  }

  /** One downcall of a transform; the status is returned. */
  @FunctionalInterface
  private interface Downcall {
    int call(long context, long capacity);
  }

  /**
   * What one transform call needs. It has memory of its own, because the function comes back into
   * Java on this thread and uses the thread's scratch memory; only the error message lies there,
   * which is written and read after that.
   */
  private static final class Call implements AutoCloseable {
    final Arena arena = Arena.ofConfined();
    private final String name;
    private final Function function;
    private final Invoker invoker = Invoker.get();
    private final MemorySegment count = arena.allocate(8, 8);
    private final MemorySegment[] rooms = new MemorySegment[3];
    private final NativeCallEvent event = new NativeCallEvent();

    Call(String name, Function function) {
      if (invoker.depth >= MAX_NESTING) {
        arena.close();
        throw new UnsupportedTransformException(
            name + ": transforms are nested " + MAX_NESTING + " deep, which is the most allowed");
      }
      this.name = name;
      this.function = function;
      event.begin();
    }

    MemorySegment handles(List<Tensor> tensors, String what) {
      return Handles.of(tensors, name, what, arena);
    }

    void requireSame(List<Tensor> primals, List<Tensor> others, String what) {
      if (primals.size() != others.size()) {
        throw new ArgumentException(
            name + ": " + others.size() + " " + what + "s for " + primals.size() + " primals");
      }
    }

    MemorySegment room(int index, long handles) {
      MemorySegment room = arena.allocate(8 * Math.max(1, handles), 8);
      rooms[index] = room;
      return room;
    }

    MemorySegment count() {
      return count;
    }

    MemorySegment error() {
      return invoker.error();
    }

    <R> R run(Downcall downcall, java.util.function.IntFunction<R> results) {
      long capacity = FIRST_CAPACITY;
      int status = once(downcall, capacity);
      if (status == Status.CAPACITY) {
        capacity = count.get(ValueLayout.JAVA_LONG, 0);
        status = once(downcall, capacity);
        Status.check(status, name, error());
      }
      return results.apply((int) count.get(ValueLayout.JAVA_LONG, 0));
    }

    private int once(Downcall downcall, long capacity) {
      long id = FunctionRegistry.register(new FunctionBody(name, function));
      int status;
      @Nullable Throwable thrown;
      try {
        status = downcall.call(id, capacity);
      } finally {
        thrown = FunctionRegistry.unregister(id);
      }
      if (status != Status.CAPACITY) {
        Status.check(status, name, error(), thrown);
      }
      return status;
    }

    List<Tensor> adopt(int room, int handles) {
      return Handles.adopt(rooms[room], 0, handles, invoker);
    }

    Pullback pullback(int room, int inputs, int outputs) {
      long handle = rooms[room].get(ValueLayout.JAVA_LONG, 0);
      return new Pullback(handle, inputs, outputs, invoker);
    }

    @Override
    public void close() {
      arena.close();
      if (event.shouldCommit()) {
        event.group = name;
        event.depth = invoker.depth;
        event.commit();
      }
    }
  }
}
