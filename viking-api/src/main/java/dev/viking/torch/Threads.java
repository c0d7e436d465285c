package dev.viking.torch;

import dev.viking.bindings.NativeLibrary;
import dev.viking.bindings.viking_native_h;
import java.lang.foreign.MemorySegment;

/**
 * How many threads libtorch uses inside one CPU operator. A setting of the whole process.
 *
 * <p>Each Java thread that calls a parallel operator gets a team of helpers of its own from OpenMP,
 * for as long as the thread lives. Once all teams together have more threads than there are cores,
 * OpenMP lets helpers sleep between operators instead of waiting a moment for the next one, and
 * small operators take twice as long. So with more than one thread per operator keep tensor work on
 * one Java thread, and with tensor work on many Java threads (virtual threads included, whose
 * carriers count) set 1.
 */
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
