package dev.viking.torch;

import dev.viking.bindings.NativeLibrary;
import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one thread needs to call native code: its current scope, and one scratch segment that every
 * call of the thread uses again, because allocating one for each call costs more than the call.
 *
 * <p>An operator call is {@code Invoker.of(op).tensor(a).number(2).one()}: arguments are packed in
 * schema order straight into the scratch segment, without boxing or allocation. Nothing may call
 * another operator between {@link #of} and the finishing method. Only downcalls that never come
 * back into Java use the scratch segment; transforms do come back, and use memory of their own.
 */
final class Invoker {
  /** Room for a native error message. */
  static final long ERROR_BYTES = 4096;

  // One vk_value: int32 kind, int32 reserved (stays 0), int64 count, 8 bytes payload.
  private static final long VALUE_BYTES = 24;
  private static final long COUNT_OFFSET = 8;
  private static final long PAYLOAD_OFFSET = 16;
  private static final int MAX_VALUES = 64;
  private static final long LIST_BYTES = 2048;
  private static final long CELL_BYTES = 8;

  private static final int NONE = 0;
  private static final int TENSOR = 1;
  private static final int TENSOR_LIST = 2;
  private static final int INT = 3;
  private static final int DOUBLE = 4;
  private static final int BOOL = 5;
  private static final int INT_LIST = 6;
  private static final int DOUBLE_LIST = 7;
  private static final int BOOL_LIST = 8;
  private static final int STRING = 9;
  private static final int DTYPE = 10;
  private static final int DEVICE = 11;
  private static final int GENERATOR = 12;

  private static final ThreadLocal<Invoker> CURRENT = ThreadLocal.withInitial(Invoker::new);

  /** The scope that new tensors of this thread join, if any. */
  @Nullable Scope scope;

  /** How many transformed functions this thread is inside. */
  int depth;

  private final MemorySegment arguments;
  private final MemorySegment results;
  private final MemorySegment resultCount;
  private final MemorySegment lists;
  private final MemorySegment error;

  private Op op = Op.NOTHING;
  private int size;
  private long listBytes;
  private @Nullable Arena overflow;

  private Invoker() {
    NativeLibrary.ensureLoaded();
    NativeMemoryEvent.register();
    // One allocation of an automatic arena: it goes with the thread, of which there may be many.
    MemorySegment scratch =
        Arena.ofAuto()
            .allocate(2 * MAX_VALUES * VALUE_BYTES + CELL_BYTES + LIST_BYTES + ERROR_BYTES, 8);
    SegmentAllocator parts = SegmentAllocator.slicingAllocator(scratch);
    arguments = parts.allocate(MAX_VALUES * VALUE_BYTES, 8);
    results = parts.allocate(MAX_VALUES * VALUE_BYTES, 8);
    resultCount = parts.allocate(CELL_BYTES, 8);
    lists = parts.allocate(LIST_BYTES, 8);
    error = parts.allocate(ERROR_BYTES, 8);
  }

  /** The calling thread's invoker; loads the native library when that has not happened yet. */
  static Invoker get() {
    return CURRENT.get();
  }

  /** Starts a call of an operator on the calling thread. */
  static Invoker of(Op op) {
    Invoker invoker = CURRENT.get();
    invoker.op = op;
    invoker.size = 0;
    invoker.listBytes = 0;
    return invoker;
  }

  /** The thread's error buffer; valid until its next native call. */
  MemorySegment error() {
    return error;
  }

  /** Eight bytes for an output argument; valid until the thread's next native call. */
  MemorySegment cell() {
    return resultCount;
  }

  /** Room for 256 int64 or pointers; valid until the thread's next native call. */
  MemorySegment lists() {
    return lists;
  }

  /** Room for one native struct; valid until the thread's next native call. */
  MemorySegment struct() {
    return results;
  }

  Invoker tensor(TensorHandle tensor) {
    return put(TENSOR, 0, handle(tensor));
  }

  Invoker tensorOrNone(@Nullable TensorHandle tensor) {
    return tensor == null ? none() : tensor(tensor);
  }

  Invoker number(double value) {
    return put(DOUBLE, 0, Double.doubleToRawLongBits(value));
  }

  Invoker numberOrNone(@Nullable Double value) {
    return value == null ? none() : number(value);
  }

  Invoker integer(long value) {
    return put(INT, 0, value);
  }

  Invoker integerOrNone(@Nullable Long value) {
    return value == null ? none() : integer(value);
  }

  Invoker flag(boolean value) {
    return put(BOOL, 0, value ? 1 : 0);
  }

  Invoker none() {
    return put(NONE, 0, 0);
  }

  Invoker dtype(@Nullable DType type) {
    return type == null ? none() : put(DTYPE, 0, type.code());
  }

  Invoker device(@Nullable Device device) {
    return device == null
        ? none()
        : put(DEVICE, 0, ((long) device.index() << 32) | device.type().code());
  }

  Invoker rng(@Nullable Rng rng) {
    return rng == null ? none() : put(GENERATOR, 0, rng.handle(op.name()));
  }

  Invoker ints(long... values) {
    MemorySegment room = room(8L * values.length);
    for (int i = 0; i < values.length; i++) {
      room.setAtIndex(ValueLayout.JAVA_LONG, i, values[i]);
    }
    return put(INT_LIST, values.length, room.address());
  }

  Invoker intsOrNone(long @Nullable [] values) {
    return values == null ? none() : ints(values);
  }

  Invoker doubles(double... values) {
    MemorySegment room = room(8L * values.length);
    for (int i = 0; i < values.length; i++) {
      room.setAtIndex(ValueLayout.JAVA_DOUBLE, i, values[i]);
    }
    return put(DOUBLE_LIST, values.length, room.address());
  }

  Invoker flags(boolean... values) {
    MemorySegment room = room(values.length);
    for (int i = 0; i < values.length; i++) {
      room.set(ValueLayout.JAVA_BYTE, i, (byte) (values[i] ? 1 : 0));
    }
    return put(BOOL_LIST, values.length, room.address());
  }

  Invoker text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    MemorySegment room = room(bytes.length);
    MemorySegment.copy(bytes, 0, room, ValueLayout.JAVA_BYTE, 0, bytes.length);
    return put(STRING, bytes.length, room.address());
  }

  Invoker tensors(List<? extends @Nullable TensorHandle> tensors) {
    int count = tensors.size();
    MemorySegment room = room(8L * count);
    for (int i = 0; i < count; i++) {
      TensorHandle tensor = tensors.get(i);
      room.setAtIndex(ValueLayout.JAVA_LONG, i, tensor == null ? 0 : handle(tensor));
    }
    return put(TENSOR_LIST, count, room.address());
  }

  /**
   * Calls the operator and returns its first result, which must be a tensor; others are released.
   */
  Tensor one() {
    int count = run();
    if (count == 1 && kind(0) == TENSOR) {
      return new Tensor(payload(0), this);
    }
    return first(count);
  }

  /** Calls an operator that has exactly {@code expected} tensor results. */
  Tensor[] some(int expected) {
    int count = run();
    if (count != expected) {
      releaseResults(count);
      throw new InternalException(op.name() + ": " + count + " results instead of " + expected);
    }
    Tensor[] tensors = new Tensor[count];
    for (int i = 0; i < count; i++) {
      tensors[i] = new Tensor(payload(i), this);
    }
    return tensors;
  }

  /** Calls an operator that returns a list of tensors. */
  List<Tensor> list() {
    return List.of(listed(runAny()));
  }

  /**
   * Calls an operator and returns all results: undefined ones as null, numbers as tensors of no
   * dimension.
   */
  List<@Nullable Tensor> all() {
    return read(runAny());
  }

  /** Calls an operator that works in place on {@code self}, and returns {@code self}. */
  Tensor into(TensorHandle self) {
    int count = run();
    releaseResults(count);
    return (Tensor) self;
  }

  /** Calls an operator whose single result is a truth value. */
  boolean truth() {
    run();
    return payload(0) != 0;
  }

  /** Releases one handle. */
  void release(long handle) {
    resultCount.set(ValueLayout.JAVA_LONG, 0, handle);
    viking_native_h.vk_tensor_release(resultCount, 1);
  }

  private Invoker put(int kind, long count, long payload) {
    if (size == MAX_VALUES) {
      throw new ArgumentException(op.name() + ": more than " + MAX_VALUES + " arguments");
    }
    long at = size++ * VALUE_BYTES;
    arguments.set(ValueLayout.JAVA_INT, at, kind);
    arguments.set(ValueLayout.JAVA_LONG, at + COUNT_OFFSET, count);
    arguments.set(ValueLayout.JAVA_LONG, at + PAYLOAD_OFFSET, payload);
    return this;
  }

  private long handle(TensorHandle tensor) {
    if (tensor == null) {
      abandon();
      throw new NullPointerException(op.name() + ": argument " + size + " is null");
    }
    long handle = tensor.rawHandle();
    if (handle == 0) {
      abandon();
      throw tensor.closedFailure(op.name() + ": argument " + size);
    }
    if (op.mutates()) {
      tensor.forgetMetadata();
    }
    return handle;
  }

  @SuppressWarnings("MustBeClosedChecker") // closed when the call is over
  private MemorySegment room(long bytes) {
    long end = listBytes + ((bytes + 7) & ~7L);
    if (end <= LIST_BYTES) {
      MemorySegment slice = lists.asSlice(listBytes, bytes);
      listBytes = end;
      return slice;
    }
    Arena arena = overflow;
    if (arena == null) {
      arena = Arena.ofConfined();
      overflow = arena;
    }
    return arena.allocate(Math.max(bytes, 1), 8);
  }

  private int run() {
    int status = call(results, MAX_VALUES);
    if (overflow != null) {
      abandon();
    }
    if (status != Status.OK) {
      Status.check(status, op.name(), error);
    }
    return (int) resultCount.get(ValueLayout.JAVA_LONG, 0);
  }

  private int call(MemorySegment into, long capacity) {
    return viking_native_h.vk_op_call(
        op.pointer(this), arguments, size, into, capacity, resultCount, error, ERROR_BYTES);
  }

  // Only operators that return lists can exceed the scratch segment; they are run again with room
  // enough.
  private MemorySegment runAny() {
    int status = call(results, MAX_VALUES);
    MemorySegment values = results;
    if (status == Status.CAPACITY) {
      long needed = resultCount.get(ValueLayout.JAVA_LONG, 0);
      values = Arena.ofAuto().allocate(needed * VALUE_BYTES, 8);
      status = call(values, needed);
    }
    abandon();
    Status.check(status, op.name(), error);
    return values.asSlice(0, resultCount.get(ValueLayout.JAVA_LONG, 0) * VALUE_BYTES);
  }

  private void abandon() {
    if (overflow != null) {
      overflow.close();
      overflow = null;
    }
  }

  private int kind(int index) {
    return results.get(ValueLayout.JAVA_INT, index * VALUE_BYTES);
  }

  private long payload(int index) {
    return results.get(ValueLayout.JAVA_LONG, index * VALUE_BYTES + PAYLOAD_OFFSET);
  }

  private Tensor first(int count) {
    Tensor first = count > 0 && kind(0) == TENSOR ? new Tensor(payload(0), this) : null;
    for (int i = 1; i < count; i++) {
      if (kind(i) == TENSOR) {
        new Tensor(payload(i), this).close();
      }
    }
    if (first == null) {
      throw new ArgumentException(
          op.name() + ": its first result is no tensor; read the results with Op.callAll");
    }
    return first;
  }

  private void releaseResults(int count) {
    for (int i = 0; i < count; i++) {
      if (kind(i) == TENSOR) {
        release(payload(i));
      }
    }
  }

  private Tensor[] listed(MemorySegment values) {
    Tensor[] tensors = new Tensor[(int) (values.byteSize() / VALUE_BYTES)];
    for (int i = 0; i < tensors.length; i++) {
      tensors[i] =
          new Tensor(values.get(ValueLayout.JAVA_LONG, i * VALUE_BYTES + PAYLOAD_OFFSET), this);
    }
    return tensors;
  }

  // Takes ownership of every handle first: making a tensor of a number is a native call of its own.
  private List<@Nullable Tensor> read(MemorySegment values) {
    List<@Nullable Tensor> tensors = new ArrayList<>();
    long count = values.byteSize() / VALUE_BYTES;
    long[] bits = new long[(int) count];
    int[] kinds = new int[(int) count];
    for (int i = 0; i < count; i++) {
      kinds[i] = values.get(ValueLayout.JAVA_INT, i * VALUE_BYTES);
      bits[i] = values.get(ValueLayout.JAVA_LONG, i * VALUE_BYTES + PAYLOAD_OFFSET);
      tensors.add(kinds[i] == TENSOR ? new Tensor(bits[i], this) : null);
    }
    for (int i = 0; i < count; i++) {
      switch (kinds[i]) {
        case INT -> tensors.set(i, Tensor.scalar(bits[i]));
        case DOUBLE ->
            tensors.set(i, Tensor.scalar(Double.longBitsToDouble(bits[i]), DType.FLOAT64));
        case BOOL -> tensors.set(i, Tensor.of(new boolean[] {bits[i] != 0}, new long[0]));
        default -> {}
      }
    }
    return Collections.unmodifiableList(tensors);
  }
}
