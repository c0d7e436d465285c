package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import dev.viking.bindings.vk_device_memory;
import dev.viking.bindings.vk_live_counts;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** What tensors hold, and what devices have left. Safe for all threads. */
public final class NativeMemory {
  private NativeMemory() {}

  /**
   * Open handles of one device.
   *
   * @param handles open tensors and, for the CPU, open pullbacks and generators too
   * @param bytes elements times element size over all open tensors; shared storage counts for each
   */
  public record Live(long handles, long bytes) {}

  /**
   * Memory of one device, in bytes. The last three are 0 on devices without a caching allocator,
   * such as the CPU.
   *
   * @param free not in use
   * @param total all there is
   * @param allocated in tensors
   * @param reserved held by the caching allocator
   * @param peakAllocated most that was in tensors at any time
   */
  public record DeviceMemory(
      long free, long total, long allocated, long reserved, long peakAllocated) {}

  /**
   * Counts open handles.
   *
   * @param device the device; index -1 of CUDA means all of them
   * @return handles and bytes
   */
  public static Live live(Device device) {
    Objects.requireNonNull(device, "device");
    MemorySegment counts = Invoker.get().struct();
    viking_native_h.vk_live(device.type().code(), device.index(), counts);
    return new Live(vk_live_counts.handles(counts), vk_live_counts.bytes(counts));
  }

  /**
   * Reads a device's memory figures.
   *
   * @param device the device
   * @return the figures
   * @throws DeviceException when the device is not there
   */
  public static DeviceMemory device(Device device) {
    Objects.requireNonNull(device, "device");
    Invoker invoker = Invoker.get();
    MemorySegment memory = invoker.struct();
    Status.check(
        viking_native_h.vk_device_get_memory(
            device.type().code(), device.index(), memory, invoker.error(), Invoker.ERROR_BYTES),
        "NativeMemory.device",
        invoker.error());
    return new DeviceMemory(
        vk_device_memory.free_bytes(memory),
        vk_device_memory.total_bytes(memory),
        vk_device_memory.allocated_bytes(memory),
        vk_device_memory.reserved_bytes(memory),
        vk_device_memory.peak_allocated_bytes(memory));
  }

  /** Gives cached, unused GPU memory back to the driver; does nothing where there is no GPU. */
  public static void emptyCache() {
    if (Device.count(Device.Type.CUDA) == 0) {
      return;
    }
    MemorySegment error = Invoker.get().error();
    Status.check(
        viking_native_h.vk_device_empty_cache(Device.Type.CUDA.code(), error, Invoker.ERROR_BYTES),
        "NativeMemory.emptyCache",
        error);
  }

  /**
   * Limits what a CUDA device's allocator may reserve; beyond it allocation fails with {@link
   * OutOfMemoryException}.
   *
   * @param device a CUDA device
   * @param fraction of the device's memory, above 0 and at most 1
   * @throws ArgumentException when the fraction is out of range
   * @throws DeviceException when the device has no such limit, as the CPU
   */
  public static void limit(Device device, double fraction) {
    Objects.requireNonNull(device, "device");
    if (!(fraction > 0 && fraction <= 1)) {
      throw new ArgumentException(
          "NativeMemory.limit: fraction " + fraction + "; it must be above 0 and at most 1");
    }
    if (device.type() == Device.Type.CPU) {
      throw new DeviceException("NativeMemory.limit: the CPU has no caching allocator to limit");
    }
    MemorySegment error = Invoker.get().error();
    Status.check(
        viking_native_h.vk_device_set_memory_fraction(
            device.type().code(), device.index(), fraction, error, Invoker.ERROR_BYTES),
        "NativeMemory.limit",
        error);
  }

  /**
   * Allows or forbids TF32, the shortened float32 of cuBLAS and cuDNN. Forbidden until this is
   * called.
   *
   * @param allow whether to allow it
   */
  public static void allowTf32(boolean allow) {
    MemorySegment error = Invoker.get().error();
    Status.check(
        viking_native_h.vk_set_allow_tf32(allow ? 1 : 0, error, Invoker.ERROR_BYTES),
        "NativeMemory.allowTf32",
        error);
  }

  /**
   * Tells what lives now: how much on each kind of device, and, when the JVM runs with {@code
   * -Dviking.leaks=trace}, each tensor with the place where it was made.
   *
   * @return a line for each kind of device, then the tensors, or how to have them listed
   */
  public static String dump() {
    StringBuilder text = new StringBuilder();
    live(text, "cpu", Device.CPU);
    if (Device.count(Device.Type.CUDA) > 0) {
      live(text, "cuda", Device.cuda(-1));
    }
    return text.append(
            LeakTracker.TRACING
                ? LeakTracker.dump()
                : "tracing is off, so where they were made is not known; start the JVM with"
                    + " -Dviking.leaks=trace to have each tensor listed with its origin\n")
        .toString();
  }

  /**
   * Registers {@link TensorsMXBean} on the platform's server of beans, for who watches over JMX.
   * Not done by itself, since the server takes some 100 ms to start. Calling again does nothing.
   *
   * @return whether the bean is there; false, and a warning is logged, where the module {@code
   *     java.management} is missing or the server refuses
   */
  public static boolean registerBean() {
    return TensorsBean.register();
  }

  private static void live(StringBuilder text, String kind, Device device) {
    Live live = live(device);
    text.append("live on ")
        .append(kind)
        .append(": ")
        .append(live.handles())
        .append(" handles, ")
        .append(live.bytes())
        .append(" bytes in tensors\n");
  }
}
