package dev.viking.torch;

import dev.viking.bindings.NativeLibrary;
import dev.viking.bindings.viking_native_h;
import java.util.Locale;
import java.util.Objects;

/**
 * Where a tensor's elements lie. Immutable; naming a device does not require that it exists.
 *
 * @param type the kind of device
 * @param index which device of that kind; always -1 for the CPU, and -1 for CUDA means the current
 *     one
 */
public record Device(Type type, int index) {

  /** Kinds of devices. */
  public enum Type {
    /** Host memory. */
    CPU(0),
    /** An NVIDIA GPU. */
    CUDA(1);

    private final int code;

    Type(int code) {
      this.code = code;
    }

    /**
     * libtorch's number for this kind.
     *
     * @return the {@code DeviceType} code
     */
    public int code() {
      return code;
    }
  }

  /** Host memory. */
  public static final Device CPU = new Device(Type.CPU, -1);

  /**
   * Checks the index; for the CPU 0 is taken as -1.
   *
   * @param type the kind of device
   * @param index which device of that kind
   * @throws DeviceException when the index is below -1, or above 0 for the CPU
   */
  public Device {
    Objects.requireNonNull(type, "type");
    if (type == Type.CPU && index == 0) {
      index = -1;
    }
    if (index < -1 || (type == Type.CPU && index != -1)) {
      throw new DeviceException("Device: index " + index + " is not possible for " + type);
    }
  }

  /**
   * A CUDA device.
   *
   * @param index which one, from 0
   * @return the device
   */
  public static Device cuda(int index) {
    return new Device(Type.CUDA, index);
  }

  /**
   * Reads {@code "cpu"}, {@code "cuda"} (the same as {@code "cuda:0"}) or {@code "cuda:3"}.
   *
   * @param text the device's name
   * @return the device
   * @throws DeviceException when the text is none of these
   */
  public static Device parse(String text) {
    String name = text.strip().toLowerCase(Locale.ROOT);
    if (name.equals("cpu") || name.equals("cpu:0")) {
      return CPU;
    }
    if (name.equals("cuda")) {
      return cuda(0);
    }
    if (name.matches("cuda:[0-9]{1,4}")) {
      return cuda(Integer.parseInt(name.substring(5)));
    }
    throw new DeviceException(
        "Device.parse: \"" + text + "\" is no device; write \"cpu\", \"cuda\" or \"cuda:0\"");
  }

  /**
   * How many devices of a kind there are.
   *
   * @param type the kind of device
   * @return 1 for the CPU; 0 for CUDA when the build or the machine has none
   */
  public static int count(Type type) {
    NativeLibrary.ensureLoaded();
    return viking_native_h.vk_device_count(type.code());
  }

  /**
   * Whether this device is there.
   *
   * @return true when tensors can be made on it
   */
  public boolean isAvailable() {
    return Math.max(index, 0) < count(type);
  }

  /**
   * Waits until all work queued on this device is done; returns at once on the CPU.
   *
   * @throws DeviceException when the device is not there
   */
  public void synchronize() {
    Invoker invoker = Invoker.get();
    Status.check(
        viking_native_h.vk_device_synchronize(
            type.code(), index, invoker.error(), Invoker.ERROR_BYTES),
        "Device.synchronize",
        invoker.error());
  }

  /** The name as {@link #parse} reads it. */
  @Override
  public String toString() {
    return type == Type.CPU ? "cpu" : index < 0 ? "cuda" : "cuda:" + index;
  }

  static Device of(int typeCode, int index) {
    if (typeCode == Type.CPU.code()) {
      return CPU;
    }
    if (typeCode == Type.CUDA.code()) {
      return cuda(index);
    }
    throw new DeviceException("device type " + typeCode + " is not supported by this library");
  }
}
