package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** Makes tensors of Java data. */
final class TensorData {
  private TensorData() {}

  /** Copies a Java array of primitives. */
  static Tensor copyOf(Object array, int length, ValueLayout layout, DType type, long... shape) {
    Shapes.requireLength("Tensor.of", length, shape);
    long bytes = length * layout.byteSize();
    MemorySegment small = Invoker.get().lists();
    // The second half of the scratch segment takes the sizes.
    if (bytes <= small.byteSize() / 2) {
      MemorySegment.copy(array, 0, small, layout, 0, length);
      return copyOf(small, bytes, type, Device.CPU, shape);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(bytes, 16);
      MemorySegment.copy(array, 0, buffer, layout, 0, length);
      return copyOf(buffer, bytes, type, Device.CPU, shape);
    }
  }

  /** Copies native or heap memory. */
  static Tensor copyOf(MemorySegment data, DType type, Device device, long... shape) {
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(device, "device");
    long bytes = requireBytes("Tensor.of", data, type, shape);
    if (data.isNative()) {
      return copyOf(data, bytes, type, device, shape);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(Math.max(bytes, 1), 16);
      MemorySegment.copy(data, 0, buffer, 0, bytes);
      return copyOf(buffer, bytes, type, device, shape);
    }
  }

  /** A tensor over the caller's memory. */
  static Tensor wrap(MemorySegment data, DType type, long... shape) {
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(type, "type");
    String operation = "Tensor.wrap";
    if (!data.isNative()) {
      throw new ArgumentException(
          operation
              + ": the memory is on the Java heap, where the collector moves it; use memory of an"
              + " Arena");
    }
    if (data.isReadOnly()) {
      throw new ArgumentException(
          operation
              + ": the memory is read-only, but a tensor can be written to; use Tensor.of to copy"
              + " it");
    }
    if (data.address() % type.byteSize() != 0) {
      throw new ArgumentException(
          operation
              + ": address "
              + data.address()
              + " is not a multiple of "
              + type.byteSize()
              + ", the size of a "
              + type);
    }
    long bytes = requireBytes(operation, data, type, shape);
    KeepAlive.drain();
    long identifier = KeepAlive.add(data);
    Invoker invoker = Invoker.get();
    int status =
        viking_native_h.vk_tensor_from_blob(
            data,
            bytes,
            type.code(),
            sizes(invoker, shape),
            shape.length,
            identifier,
            invoker.cell(),
            invoker.error(),
            Invoker.ERROR_BYTES);
    if (status != Status.OK) {
      KeepAlive.remove(identifier);
      Status.check(status, operation, invoker.error());
    }
    return new Tensor(invoker.cell().get(ValueLayout.JAVA_LONG, 0), invoker);
  }

  private static Tensor copyOf(
      MemorySegment data, long bytes, DType type, Device device, long... shape) {
    Invoker invoker = Invoker.get();
    Status.check(
        viking_native_h.vk_tensor_from_data(
            data,
            bytes,
            type.code(),
            sizes(invoker, shape),
            shape.length,
            device.type().code(),
            device.index(),
            invoker.cell(),
            invoker.error(),
            Invoker.ERROR_BYTES),
        "Tensor.of",
        invoker.error());
    return new Tensor(invoker.cell().get(ValueLayout.JAVA_LONG, 0), invoker);
  }

  private static MemorySegment sizes(Invoker invoker, long... shape) {
    if (shape.length > viking_native_h.VK_MAX_DIMS()) {
      throw new ShapeException(
          "Tensor: "
              + shape.length
              + " dimensions; at most "
              + viking_native_h.VK_MAX_DIMS()
              + " are possible");
    }
    MemorySegment lists = invoker.lists();
    MemorySegment sizes = lists.asSlice(lists.byteSize() / 2);
    for (int i = 0; i < shape.length; i++) {
      sizes.setAtIndex(ValueLayout.JAVA_LONG, i, shape[i]);
    }
    return sizes;
  }

  private static long requireBytes(
      String operation, MemorySegment data, DType type, long... shape) {
    long bytes = Math.multiplyExact(Shapes.product(operation, shape), (long) type.byteSize());
    if (data.byteSize() != bytes) {
      throw new ShapeException(
          operation
              + ": the memory has "
              + data.byteSize()
              + " bytes, but shape "
              + Shapes.text(shape)
              + " of "
              + type
              + " needs "
              + bytes);
    }
    if (!data.scope().isAlive()) {
      throw new ArgumentException(operation + ": the arena of the memory is closed");
    }
    if (!data.isAccessibleBy(Thread.currentThread())) {
      throw new ArgumentException(
          operation
              + ": the memory is confined to another thread than \""
              + Thread.currentThread().getName()
              + "\"");
    }
    return bytes;
  }
}
