package dev.viking.bindings;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Java functions that native code may call.
 *
 * <p>The whole JVM has one upcall stub: making one costs about 8 us, calling it some tens of
 * nanoseconds. Native code gets the stub's address and an id; the stub finds the function by its
 * id. A Java exception must not cross a native frame (the JVM would end), so the stub catches every
 * {@link Throwable}, keeps it with the id and returns {@code VK_ERR_CALLBACK}; whoever made the
 * call takes it from {@link #unregister(long)} and throws that very object.
 *
 * <p>All methods may be called by any thread.
 */
public final class FunctionRegistry {
  private static final ConcurrentHashMap<Long, Registration> REGISTRATIONS =
      new ConcurrentHashMap<>();

  /**
   * Ids are never used twice, so that a late call with an old id finds nothing rather than another
   * function.
   */
  private static final AtomicLong NEXT_ID = new AtomicLong(1);

  /** Read beforehand, because the handler in {@link #dispatch} must not call anything. */
  private static final int CALLBACK_FAILED = viking_native_h.VK_ERR_CALLBACK();

  /**
   * Most calls from native code that may be inside each other on one thread. Without a limit, a
   * function that transforms itself without end would exhaust the stack at the entry of the stub,
   * where nothing can catch it and the JVM ends: after some 190 calls with 1 MiB of stack.
   */
  static final int MAX_DEPTH = 64;

  /** Number of calls from native code that this thread is inside of, in an array to change it. */
  private static final ThreadLocal<int[]> DEPTH = ThreadLocal.withInitial(() -> new int[1]);

  private FunctionRegistry() {}

  /** The Java side of {@code vk_function}; see the header for who owns what. */
  @FunctionalInterface
  public interface Callback {
    /**
     * Evaluates the function. Runs on the thread that called the transform, before the transform
     * returns.
     *
     * @param inputs {@code vk_tensor[numInputs]}, borrowed: valid until this method returns
     * @param numInputs number of inputs
     * @param outputs {@code vk_tensor[VK_MAX_OUTPUTS]}, to be filled; a handle stored there is
     *     given away
     * @param numOutputs {@code int64_t*}, receives the number of outputs
     * @return a {@code vk_status}: {@code VK_OK}, {@code VK_ERR_REROUTE} or a failure
     * @throws Throwable anything; the transform fails with {@code VK_ERR_CALLBACK} and {@link
     *     #unregister(long)} returns it
     */
    int call(MemorySegment inputs, long numInputs, MemorySegment outputs, MemorySegment numOutputs)
        throws Throwable;
  }

  /** A registered function and what it threw. */
  private static final class Registration {
    final Callback callback;

    /** Volatile, because a transform may be awaited by another thread than the one it runs on. */
    volatile @Nullable Throwable thrown;

    Registration(Callback callback) {
      this.callback = callback;
    }
  }

  /** Made on first use: the stub needs the linker, which costs tens of milliseconds. */
  private static final class Stub {
    static final MemorySegment ADDRESS = make();

    @SuppressWarnings("restricted")
    private static MemorySegment make() {
      try {
        MethodHandle target =
            MethodHandles.lookup()
                .findStatic(
                    FunctionRegistry.class, "dispatch", vk_function.descriptor().toMethodType());
        return Linker.nativeLinker().upcallStub(target, vk_function.descriptor(), Arena.global());
      } catch (ReflectiveOperationException e) {
        throw new LinkageError("dispatch does not have the shape of vk_function", e);
      }
    }
  }

  /**
   * The function pointer to give to native code, as its {@code vk_function} argument.
   *
   * @return the address of the one stub; valid for the life of the JVM
   */
  public static MemorySegment stub() {
    return Stub.ADDRESS;
  }

  /**
   * Makes a function callable from native code until it is unregistered.
   *
   * @param callback the function; it may be called several times, and by several threads if the id
   *     is handed to several transforms
   * @return the id to give to native code as the function's context; never 0
   */
  public static long register(Callback callback) {
    long id = NEXT_ID.getAndIncrement();
    REGISTRATIONS.put(id, new Registration(callback));
    return id;
  }

  /**
   * Ends a registration. Later calls with this id fail with {@code VK_ERR_CALLBACK}.
   *
   * @param id what {@link #register} returned; unknown and already unregistered ids are passed over
   * @return the first throwable that the function threw, the same object; null if it threw none
   */
  public static @Nullable Throwable unregister(long id) {
    Registration registration = REGISTRATIONS.remove(id);
    return registration == null ? null : registration.thrown;
  }

  /**
   * Number of functions registered now, to find leaks.
   *
   * @return the count; 0 when no transform is running
   */
  public static int size() {
    return REGISTRATIONS.size();
  }

  /**
   * What the stub calls. Nothing may leave it but its result: hence one try around everything, and
   * a bare handler.
   */
  @SuppressWarnings("unused") // found by name in Stub
  private static int dispatch(
      long id,
      MemorySegment inputs,
      long numInputs,
      MemorySegment outputs,
      MemorySegment numOutputs) {
    Registration registration = null;
    try {
      registration = REGISTRATIONS.get(id);
      if (registration == null) {
        return CALLBACK_FAILED;
      }
      int[] depth = DEPTH.get();
      if (depth[0] >= MAX_DEPTH) {
        throw new IllegalStateException(
            "transforms are nested " + depth[0] + " deep; at most " + MAX_DEPTH + " are allowed");
      }
      depth[0]++;
      try {
        return registration.callback.call(inputs, numInputs, outputs, numOutputs);
      } finally {
        depth[0]--;
      }
    } catch (Throwable t) {
      // No call of any kind here: after a StackOverflowError there may be no room for one more
      // frame.
      if (registration != null && registration.thrown == null) {
        registration.thrown = t;
      }
      return CALLBACK_FAILED;
    }
  }
}
