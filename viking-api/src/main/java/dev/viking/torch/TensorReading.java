package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** Reading elements into Java, and conversion between element types and devices. */
abstract sealed class TensorReading extends TensorInPlace permits Tensor {

  TensorReading(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorReading(long borrowedHandle) {
    super(borrowedHandle);
  }

  /**
   * Converts the element type; another handle to this tensor when it has the type already.
   * Differentiable.
   *
   * @param type the element type wanted
   * @return a new tensor
   */
  public final Tensor to(DType type) {
    Objects.requireNonNull(type, "type");
    return to("Tensor.to", type.code(), -1, -1);
  }

  /**
   * Moves to a device; another handle to this tensor when it is there already. Differentiable.
   *
   * @param device the device wanted
   * @return a new tensor
   * @throws DeviceException when the device is not there
   */
  public final Tensor to(Device device) {
    Objects.requireNonNull(device, "device");
    return to("Tensor.to", -1, device.type().code(), device.index());
  }

  /**
   * The value of a tensor with one element, of any real type or bool.
   *
   * @return the value; whole numbers beyond 2^53 are rounded
   * @throws ShapeException when there is not exactly one element
   */
  public final double item() {
    requireOne("Tensor.item");
    return switch (dtype()) {
      case FLOAT64 -> cell(8).get(ValueLayout.JAVA_DOUBLE, 0);
      case FLOAT32 -> cell(4).get(ValueLayout.JAVA_FLOAT, 0);
      case FLOAT16, BFLOAT16 -> {
        try (Tensor wide = to(DType.FLOAT64)) {
          yield wide.item();
        }
      }
      default -> itemLong();
    };
  }

  /**
   * The value of an integer or bool tensor with one element.
   *
   * @return the value; 0 or 1 for bool
   * @throws ShapeException when there is not exactly one element
   * @throws DTypeException when the elements are not integers
   */
  public final long itemLong() {
    requireOne("Tensor.itemLong");
    return switch (dtype()) {
      case INT64 -> cell(8).get(ValueLayout.JAVA_LONG, 0);
      case INT32 -> cell(4).get(ValueLayout.JAVA_INT, 0);
      case INT16 -> cell(2).get(ValueLayout.JAVA_SHORT, 0);
      case INT8 -> cell(1).get(ValueLayout.JAVA_BYTE, 0);
      case UINT8 -> cell(1).get(ValueLayout.JAVA_BYTE, 0) & 0xff;
      case BOOL -> cell(1).get(ValueLayout.JAVA_BYTE, 0) == 0 ? 0 : 1;
      default ->
          throw new DTypeException(
              "Tensor.itemLong: the tensor is " + dtype() + "; integers or bool are needed");
    };
  }

  /**
   * All elements, row-major.
   *
   * @return a new array
   * @throws DTypeException when the elements are not float32
   * @throws ArgumentException when they do not fit into an array
   */
  public final float[] toFloatArray() {
    float[] array = new float[length("Tensor.toFloatArray", DType.FLOAT32)];
    read(array, array.length, ValueLayout.JAVA_FLOAT);
    return array;
  }

  /**
   * All elements, row-major; float32 is widened, which loses nothing.
   *
   * @return a new array
   * @throws DTypeException when the elements are neither float64 nor float32
   * @throws ArgumentException when they do not fit into an array
   */
  public final double[] toDoubleArray() {
    int length = length("Tensor.toDoubleArray", DType.FLOAT64, DType.FLOAT32);
    double[] array = new double[length];
    if (dtype() == DType.FLOAT64) {
      read(array, length, ValueLayout.JAVA_DOUBLE);
    } else {
      float[] narrow = toFloatArray();
      for (int i = 0; i < length; i++) {
        array[i] = narrow[i];
      }
    }
    return array;
  }

  /**
   * All elements, row-major.
   *
   * @return a new array
   * @throws DTypeException when the elements are not int64
   * @throws ArgumentException when they do not fit into an array
   */
  public final long[] toLongArray() {
    long[] array = new long[length("Tensor.toLongArray", DType.INT64)];
    read(array, array.length, ValueLayout.JAVA_LONG);
    return array;
  }

  /**
   * All elements, row-major.
   *
   * @return a new array
   * @throws DTypeException when the elements are not int32
   * @throws ArgumentException when they do not fit into an array
   */
  public final int[] toIntArray() {
    int[] array = new int[length("Tensor.toIntArray", DType.INT32)];
    read(array, array.length, ValueLayout.JAVA_INT);
    return array;
  }

  /**
   * All elements, row-major.
   *
   * @return a new array
   * @throws DTypeException when the elements are neither uint8 nor int8
   * @throws ArgumentException when they do not fit into an array
   */
  public final byte[] toByteArray() {
    byte[] array = new byte[length("Tensor.toByteArray", DType.UINT8, DType.INT8)];
    read(array, array.length, ValueLayout.JAVA_BYTE);
    return array;
  }

  /**
   * All elements, row-major.
   *
   * @return a new array
   * @throws DTypeException when the elements are not bool
   * @throws ArgumentException when they do not fit into an array
   */
  public final boolean[] toBooleanArray() {
    byte[] bytes = new byte[length("Tensor.toBooleanArray", DType.BOOL)];
    read(bytes, bytes.length, ValueLayout.JAVA_BYTE);
    boolean[] array = new boolean[bytes.length];
    for (int i = 0; i < array.length; i++) {
      array[i] = bytes[i] != 0;
    }
    return array;
  }

  /**
   * Copies all elements, row-major, from any device.
   *
   * @param target memory of at least {@code numel() * dtype().byteSize()} bytes, on or off the heap
   * @throws ArgumentException when the memory is too short, read-only, or not this thread's
   */
  public final void copyTo(MemorySegment target) {
    long bytes = byteSize();
    if (target.byteSize() < bytes) {
      throw new ArgumentException(
          "Tensor.copyTo: the memory has "
              + target.byteSize()
              + " bytes; "
              + bytes
              + " are needed");
    }
    if (target.isReadOnly() || !target.isAccessibleBy(Thread.currentThread())) {
      throw new ArgumentException(
          "Tensor.copyTo: the memory is read-only, or confined to another thread");
    }
    if (target.isNative()) {
      read(target, bytes);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment buffer = arena.allocate(Math.max(bytes, 1), 16);
        read(buffer, bytes);
        MemorySegment.copy(buffer, 0, target, 0, bytes);
      }
    }
  }

  /**
   * The elements of a contiguous CPU tensor in place. The view holds the storage by itself, so it
   * may outlive the tensor: it ends with the current {@link Scope} (and is then this thread's
   * only), or with garbage collection when there is none.
   *
   * @return a read-only view, row-major
   * @throws ArgumentException when the tensor is not contiguous, not on the CPU, or was made inside
   *     a transform
   */
  @SuppressWarnings(
      "restricted") // bounded by the size libtorch reports, and kept alive by its own handle
  public final MemorySegment asSegment() {
    if (!isContiguous() || device().type() != Device.Type.CPU || isWrapped()) {
      throw new ArgumentException(
          "Tensor.asSegment: "
              + this
              + " is not a contiguous CPU tensor outside transforms; use contiguous(), "
              + "to(Device.CPU), or copyTo");
    }
    long bytes = byteSize();
    long handle = retain("Tensor.asSegment");
    Invoker invoker = Invoker.get();
    MemorySegment error = invoker.error();
    int status =
        viking_native_h.vk_tensor_data(
            MemorySegment.ofAddress(handle), invoker.cell(), error, Invoker.ERROR_BYTES);
    if (status != Status.OK) {
      invoker.release(handle);
      Status.check(status, "Tensor.asSegment", error);
    }
    long address = invoker.cell().get(ValueLayout.JAVA_LONG, 0);
    Scope scope = invoker.scope;
    Arena arena = scope == null ? Arena.ofAuto() : scope.views();
    return MemorySegment.ofAddress(address)
        .reinterpret(bytes, arena, view -> Invoker.get().release(handle))
        .asReadOnly();
  }

  private Tensor to(String operation, int type, int deviceType, int deviceIndex) {
    MemorySegment tensor = pointer(operation);
    Invoker invoker = Invoker.get();
    Status.check(
        viking_native_h.vk_tensor_to(
            tensor,
            type,
            deviceType,
            deviceIndex,
            // What comes from the host need not be waited for; who reads on the host must wait.
            deviceType >= 0 && device().type() == Device.Type.CPU ? 1 : 0,
            0,
            invoker.cell(),
            invoker.error(),
            Invoker.ERROR_BYTES),
        operation,
        invoker.error());
    return new Tensor(invoker.cell().get(ValueLayout.JAVA_LONG, 0), invoker);
  }

  private long byteSize() {
    return numel() * dtype().byteSize();
  }

  private void requireOne(String operation) {
    if (numel() != 1) {
      throw new ShapeException(operation + ": " + this + " has " + numel() + " elements, not one");
    }
  }

  private MemorySegment cell(int bytes) {
    MemorySegment cell = Invoker.get().cell();
    read(cell, bytes);
    return cell;
  }

  private int length(String operation, DType... accepted) {
    DType type = dtype();
    for (DType candidate : accepted) {
      if (type == candidate) {
        return Shapes.arrayLength(operation, numel());
      }
    }
    throw new DTypeException(
        operation
            + ": the tensor is "
            + type
            + "; convert it first with to(DType."
            + accepted[0]
            + ")");
  }

  private void read(Object array, int length, ValueLayout layout) {
    long bytes = length * layout.byteSize();
    MemorySegment small = Invoker.get().lists();
    if (bytes <= small.byteSize()) {
      read(small, bytes);
      MemorySegment.copy(small, layout, 0, array, 0, length);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment buffer = arena.allocate(bytes, 16);
        read(buffer, bytes);
        MemorySegment.copy(buffer, layout, 0, array, 0, length);
      }
    }
  }

  private void read(MemorySegment target, long bytes) {
    MemorySegment tensor = pointer("Tensor elements");
    MemorySegment error = Invoker.get().error();
    Status.check(
        viking_native_h.vk_tensor_read(tensor, target, bytes, error, Invoker.ERROR_BYTES),
        "Tensor elements",
        error);
  }
}
