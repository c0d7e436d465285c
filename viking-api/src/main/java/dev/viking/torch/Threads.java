package dev.viking.torch;

import dev.viking.bindings.NativeLibrary;
import dev.viking.bindings.viking_native_h;
import java.lang.foreign.MemorySegment;

/** How many threads libtorch uses inside one CPU operator. A setting of the whole process. */
public final class Threads {
  private Threads() {}

  /**
   * Sets the number of threads inside one operator.
   *
   * @param threads at least 1; 1 is best when the application itself runs many tensors' work in
   *     parallel
   * @throws ArgumentException when the number is below 1
   */
  public static void set(int threads) {
    if (threads < 1) {
      throw new ArgumentException("Threads.set: " + threads + " threads; at least 1 is needed");
    }
    MemorySegment error = Invoker.get().error();
    Status.check(
        viking_native_h.vk_set_num_threads(threads, error, Invoker.ERROR_BYTES),
        "Threads.set",
        error);
  }

  /**
   * The number of threads inside one operator.
   *
   * @return at least 1
   */
  public static int get() {
    NativeLibrary.ensureLoaded();
    return viking_native_h.vk_get_num_threads();
  }
}
