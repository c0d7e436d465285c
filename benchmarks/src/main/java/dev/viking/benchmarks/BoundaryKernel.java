package dev.viking.benchmarks;

import dev.viking.bindings.FunctionRegistry;
import dev.viking.bindings.NativeLibrary;
import dev.viking.bindings.viking_native_h;
import dev.viking.func.Func;
import dev.viking.func.Jvp;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What crossing the boundary costs, with next to no work behind it. */
public final class BoundaryKernel implements Kernel {
  /** One way of crossing it. */
  public enum Crossing {
    /** A call down that returns a constant. */
    DOWNCALL,
    /** A call down to the stub of all Java functions, which calls one that does nothing. */
    UPCALL,
    /** A scope in which nothing is made. */
    SCOPE,
    /** The derivative of a function that returns its input: what a transform costs by itself. */
    JVP_OF_IDENTITY
  }

  private static final MethodHandle STUB = stub();

  private final Crossing crossing;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment cell = arena.allocate(8, 8);
  private final Tensor left = Tensor.of(Inputs.floats(6, 8, 1.0, 0.0), 8);
  private final Tensor right = Tensor.of(Inputs.floats(7, 8, 1.0, 0.0), 8);
  private final long function = FunctionRegistry.register(BoundaryKernel::seven);

  /**
   * The kernel.
   *
   * @param crossing which way
   */
  public BoundaryKernel(Crossing crossing) {
    this.crossing = crossing;
  }

  @Override
  public void run(int times) {
    switch (crossing) {
      case DOWNCALL -> downcalls(times);
      case UPCALL -> upcalls(times);
      case SCOPE -> scopes(times);
      case JVP_OF_IDENTITY -> identities(times);
    }
  }

  @Override
  public double[] result() {
    return switch (crossing) {
      case DOWNCALL -> new double[] {viking_native_h.vk_abi_version()};
      case UPCALL -> {
        cell.set(ValueLayout.JAVA_LONG, 0, 0);
        yield new double[] {upcall(), cell.get(ValueLayout.JAVA_LONG, 0)};
      }
      case SCOPE -> {
        try (Scope scope = Scope.open()) {
          yield new double[] {scope.size()};
        }
      }
      case JVP_OF_IDENTITY -> {
        Jvp result = Func.jvp(x -> x, left, right);
        try (Tensor tangent = result.tangent()) {
          result.output().close();
          yield tangent.toDoubleArray();
        }
      }
    };
  }

  @Override
  public void close() {
    FunctionRegistry.unregister(function);
    left.close();
    right.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private static void downcalls(int times) {
    int version = viking_native_h.vk_abi_version();
    for (int i = 0; i < times; i++) {
      // Compared, so that the call is not dropped; it never fails.
      if (viking_native_h.vk_abi_version() != version) {
        throw new IllegalStateException("the ABI's version changed");
      }
    }
  }

  private void upcalls(int times) {
    for (int i = 0; i < times; i++) {
      if (upcall() != 0) {
        throw new IllegalStateException("the function failed");
      }
    }
  }

  private static void scopes(int times) {
    for (int i = 0; i < times; i++) {
      Scope.open().close();
    }
  }

  private void identities(int times) {
    for (int i = 0; i < times; i++) {
      Jvp result = Func.jvp(x -> x, left, right);
      result.output().close();
      result.tangent().close();
    }
  }

  private int upcall() {
    try {
      return (int) STUB.invokeExact(function, cell, 0L, cell, cell);
    } catch (Throwable e) {
      throw new IllegalStateException("the stub threw", e);
    }
  }

  /** The Java function that is called: it says that it has seven outputs. */
  @SuppressWarnings("restricted")
  private static int seven(
      MemorySegment inputs, long count, MemorySegment outputs, MemorySegment outputCount) {
    outputCount.reinterpret(8).set(ValueLayout.JAVA_LONG, 0, 7);
    return 0;
  }

  @SuppressWarnings("restricted")
  private static MethodHandle stub() {
    NativeLibrary.ensureLoaded();
    return Linker.nativeLinker()
        .downcallHandle(
            FunctionRegistry.stub(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS));
  }
}
