package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A random number generator with its own state, for the random operators.
 *
 * <p>Not safe for use by several threads at once: give each its own. Belongs to the caller, who
 * closes it; scopes do not own generators. Two generators with the same seed and device give the
 * same numbers.
 */
public final class Rng implements AutoCloseable {
  private final AtomicLong handle;
  private final Device device;

  private Rng(long handle, Device device) {
    this.handle = new AtomicLong(handle);
    this.device = device;
  }

  /**
   * A generator for CPU tensors.
   *
   * @param seed any number
   * @return the generator
   */
  public static Rng seeded(long seed) {
    return seeded(seed, Device.CPU);
  }

  /**
   * A generator for tensors of one device.
   *
   * @param seed any number
   * @param device where the numbers are made
   * @return the generator
   * @throws DeviceException when the device is not there
   */
  public static Rng seeded(long seed, Device device) {
    Objects.requireNonNull(device, "device");
    Invoker invoker = Invoker.get();
    Status.check(
        viking_native_h.vk_generator_new(
            device.type().code(),
            device.index(),
            seed,
            invoker.cell(),
            invoker.error(),
            Invoker.ERROR_BYTES),
        "Rng.seeded",
        invoker.error());
    return new Rng(invoker.cell().get(ValueLayout.JAVA_LONG, 0), device);
  }

  /**
   * The device whose tensors this generator fills.
   *
   * @return the device
   */
  public Device device() {
    return device;
  }

  /**
   * The state, for a checkpoint.
   *
   * @return the bytes that {@link #restore} takes
   * @throws ClosedException when the generator is closed
   */
  public byte[] state() {
    MemorySegment generator = pointer("Rng.state");
    Invoker invoker = Invoker.get();
    Status.check(
        viking_native_h.vk_generator_get_state(
            generator, invoker.cell(), invoker.error(), Invoker.ERROR_BYTES),
        "Rng.state",
        invoker.error());
    try (Tensor state = new Tensor(invoker.cell().get(ValueLayout.JAVA_LONG, 0), invoker)) {
      return state.toByteArray();
    }
  }

  /**
   * Goes back to a saved state.
   *
   * @param state what {@link #state} returned, for a generator of the same kind of device
   * @throws ArgumentException when the bytes are no such state
   * @throws ClosedException when the generator is closed
   */
  public void restore(byte[] state) {
    Objects.requireNonNull(state, "state");
    MemorySegment generator = pointer("Rng.restore");
    try (Tensor bytes = Tensor.of(state, state.length)) {
      MemorySegment error = Invoker.get().error();
      Status.check(
          viking_native_h.vk_generator_set_state(
              generator, bytes.pointer("Rng.restore"), error, Invoker.ERROR_BYTES),
          "Rng.restore",
          error);
    }
  }

  /**
   * Starts over with another seed.
   *
   * @param seed any number
   * @throws ClosedException when the generator is closed
   */
  public void reseed(long seed) {
    MemorySegment generator = pointer("Rng.reseed");
    MemorySegment error = Invoker.get().error();
    Status.check(
        viking_native_h.vk_generator_seed(generator, seed, error, Invoker.ERROR_BYTES),
        "Rng.reseed",
        error);
  }

  /** Frees the generator. Closing again does nothing. */
  @Override
  public void close() {
    long taken = handle.getAndSet(0);
    if (taken != 0) {
      viking_native_h.vk_generator_release(MemorySegment.ofAddress(taken));
    }
  }

  long handle(String operation) {
    long open = handle.get();
    if (open == 0) {
      throw new ClosedException(operation + ": the random number generator is closed");
    }
    return open;
  }

  private MemorySegment pointer(String operation) {
    return MemorySegment.ofAddress(handle(operation));
  }
}
