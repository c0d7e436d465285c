package dev.viking.torch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A tensor of libtorch.
 *
 * <p><b>Ownership.</b> A tensor is a handle to native memory. One made while a {@link Scope} is
 * current is freed with that scope; one made without a scope belongs to the caller, who closes it.
 * The garbage collector frees nothing. Views share storage, which lives as long as any of its
 * tensors.
 *
 * <p><b>Threads.</b> Any number of threads may use a tensor at once, as long as none changes it in
 * place and none closes it meanwhile. A tensor made inside a transformed function is valid on that
 * thread until the function returns.
 *
 * <p><b>Operators.</b> Methods are named as in PyTorch, in camel case, with its shapes,
 * broadcasting, type promotion and derivatives; the trailing underscore marks operators in place.
 * Results have the operands' device, and their own element type after promotion. Numbers given as
 * {@code double} turn integer tensors into floating ones. Any other operator is reached through
 * {@link Op}.
 *
 * <p><b>Errors.</b> Every operator throws {@link ClosedException} for a closed operand, {@link
 * EscapedTensorException} for one that a transformed function has left behind, and a {@link
 * TorchException} with the operator's name when libtorch refuses: {@link ShapeException}, {@link
 * DTypeException}, {@link DeviceException}, {@link IndexException}, {@link LinalgException}, {@link
 * OutOfMemoryException} or {@link NotImplementedOperatorException}.
 */
public final class Tensor extends TensorReading {
  private static final Op ZEROS = Op.of("aten::zeros", "");
  private static final Op ONES = Op.of("aten::ones", "");
  private static final Op FULL = Op.of("aten::full", "");
  private static final Op EMPTY = Op.of("aten::empty", "memory_format");
  private static final Op ARANGE = Op.of("aten::arange", "start_step");
  private static final Op LINSPACE = Op.of("aten::linspace", "");
  private static final Op EYE = Op.of("aten::eye", "");
  private static final Op RANDN = Op.of("aten::randn", "generator");
  private static final Op RAND = Op.of("aten::rand", "generator");
  private static final Op RANDINT = Op.of("aten::randint", "low_generator");
  private static final Op RANDPERM = Op.of("aten::randperm", "generator");
  private static final Op ZEROS_LIKE = Op.of("aten::zeros_like", "");
  private static final Op ONES_LIKE = Op.of("aten::ones_like", "");
  private static final Op FULL_LIKE = Op.of("aten::full_like", "");
  private static final Op CAT = Op.of("aten::cat", "");
  private static final Op STACK = Op.of("aten::stack", "");
  private static final Op EINSUM = Op.of("aten::einsum", "");
  private static final Op WHERE = Op.of("aten::where", "self");

  /** Takes over a native handle and joins the current scope of the invoker's thread. */
  Tensor(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  private Tensor(long borrowedHandle) {
    super(borrowedHandle);
  }

  /** An input of a transformed function: the handle stays the native side's. */
  static Tensor borrowed(long handle) {
    return new Tensor(handle);
  }

  /**
   * Largest elements.
   *
   * @param values the elements
   * @param indices where they are (int64)
   */
  public record MaxResult(Tensor values, Tensor indices) {}

  /**
   * Smallest (or middle) elements.
   *
   * @param values the elements
   * @param indices where they are (int64)
   */
  public record MinResult(Tensor values, Tensor indices) {}

  /**
   * Elements in order.
   *
   * @param values the elements
   * @param indices where they were (int64)
   */
  public record SortResult(Tensor values, Tensor indices) {}

  /**
   * The first elements in order.
   *
   * @param values the elements
   * @param indices where they are (int64)
   */
  public record TopkResult(Tensor values, Tensor indices) {}

  /**
   * Eigenvalue decomposition of a symmetric matrix.
   *
   * @param values eigenvalues, ascending [..., n]
   * @param vectors eigenvectors as columns [..., n, n]
   */
  public record Eigh(Tensor values, Tensor vectors) {}

  /**
   * Singular value decomposition.
   *
   * @param u left singular vectors as columns
   * @param s singular values, descending
   * @param vh right singular vectors as rows
   */
  public record Svd(Tensor u, Tensor s, Tensor vh) {}

  /**
   * QR decomposition.
   *
   * @param q orthonormal columns
   * @param r upper triangular factor
   */
  public record Qr(Tensor q, Tensor r) {}

  /**
   * Determinant in logarithmic form.
   *
   * @param sign -1, 0 or 1
   * @param logabsdet logarithm of the absolute determinant
   */
  public record Slogdet(Tensor sign, Tensor logabsdet) {}

  /**
   * A float32 vector.
   *
   * @param data the elements, copied
   * @return a CPU tensor of one dimension
   */
  public static Tensor of(float... data) {
    return of(data, new long[] {data.length});
  }

  /**
   * A float64 vector.
   *
   * @param data the elements, copied
   * @return a CPU tensor of one dimension
   */
  public static Tensor of(double... data) {
    return of(data, new long[] {data.length});
  }

  /**
   * An int64 vector.
   *
   * @param data the elements, copied
   * @return a CPU tensor of one dimension
   */
  public static Tensor of(long... data) {
    return of(data, new long[] {data.length});
  }

  /**
   * An int32 vector.
   *
   * @param data the elements, copied
   * @return a CPU tensor of one dimension
   */
  public static Tensor of(int[] data) {
    return of(data, new long[] {data.length});
  }

  /**
   * A uint8 vector; negative bytes are the numbers from 128 on.
   *
   * @param data the elements, copied
   * @return a CPU tensor of one dimension
   */
  public static Tensor of(byte[] data) {
    return of(data, new long[] {data.length});
  }

  /**
   * A bool vector.
   *
   * @param data the elements, copied
   * @return a CPU tensor of one dimension
   */
  public static Tensor of(boolean[] data) {
    return of(data, new long[] {data.length});
  }

  /**
   * A float32 tensor.
   *
   * @param data the elements, row-major, copied
   * @param shape the sizes; none for a scalar
   * @return a CPU tensor
   * @throws ShapeException when the number of elements is not the shape's
   */
  public static Tensor of(float[] data, long... shape) {
    return TensorData.copyOf(data, data.length, ValueLayout.JAVA_FLOAT, DType.FLOAT32, shape);
  }

  /**
   * A float64 tensor.
   *
   * @param data the elements, row-major, copied
   * @param shape the sizes; none for a scalar
   * @return a CPU tensor
   * @throws ShapeException when the number of elements is not the shape's
   */
  public static Tensor of(double[] data, long... shape) {
    return TensorData.copyOf(data, data.length, ValueLayout.JAVA_DOUBLE, DType.FLOAT64, shape);
  }

  /**
   * An int64 tensor.
   *
   * @param data the elements, row-major, copied
   * @param shape the sizes; none for a scalar
   * @return a CPU tensor
   * @throws ShapeException when the number of elements is not the shape's
   */
  public static Tensor of(long[] data, long... shape) {
    return TensorData.copyOf(data, data.length, ValueLayout.JAVA_LONG, DType.INT64, shape);
  }

  /**
   * An int32 tensor.
   *
   * @param data the elements, row-major, copied
   * @param shape the sizes; none for a scalar
   * @return a CPU tensor
   * @throws ShapeException when the number of elements is not the shape's
   */
  public static Tensor of(int[] data, long... shape) {
    return TensorData.copyOf(data, data.length, ValueLayout.JAVA_INT, DType.INT32, shape);
  }

  /**
   * A uint8 tensor.
   *
   * @param data the elements, row-major, copied; negative bytes are the numbers from 128 on
   * @param shape the sizes; none for a scalar
   * @return a CPU tensor
   * @throws ShapeException when the number of elements is not the shape's
   */
  public static Tensor of(byte[] data, long... shape) {
    return TensorData.copyOf(data, data.length, ValueLayout.JAVA_BYTE, DType.UINT8, shape);
  }

  /**
   * A bool tensor.
   *
   * @param data the elements, row-major, copied
   * @param shape the sizes; none for a scalar
   * @return a CPU tensor
   * @throws ShapeException when the number of elements is not the shape's
   */
  public static Tensor of(boolean[] data, long... shape) {
    byte[] bytes = new byte[data.length];
    for (int i = 0; i < data.length; i++) {
      bytes[i] = (byte) (data[i] ? 1 : 0);
    }
    return TensorData.copyOf(bytes, bytes.length, ValueLayout.JAVA_BYTE, DType.BOOL, shape);
  }

  /**
   * A tensor with a copy of memory, on or off the heap, of any size.
   *
   * @param data the elements, row-major, in native byte order
   * @param type the element type
   * @param device where to put them
   * @param shape the sizes; none for a scalar
   * @return a tensor on that device
   * @throws ShapeException when the number of bytes is not what shape and type need
   * @throws ArgumentException when the memory is closed or another thread's
   */
  public static Tensor of(MemorySegment data, DType type, Device device, long... shape) {
    return TensorData.copyOf(data, type, device, shape);
  }

  /**
   * A CPU tensor over the caller's memory, without a copy: what is written to one is seen in the
   * other. The segment is kept reachable as long as any tensor shares it, which is all that memory
   * of {@code Arena.ofAuto()} or {@code Arena.global()} needs. An arena that is closed explicitly
   * must not be closed before all those tensors are.
   *
   * @param data native, writable memory, aligned to the element size
   * @param type the element type
   * @param shape the sizes; none for a scalar
   * @return a CPU tensor
   * @throws ShapeException when the number of bytes is not what shape and type need
   * @throws ArgumentException when the memory is on the heap, read-only, misaligned, closed or
   *     another thread's
   */
  public static Tensor wrap(MemorySegment data, DType type, long... shape) {
    return TensorData.wrap(data, type, shape);
  }

  /**
   * A tensor of no dimension.
   *
   * @param value the value
   * @param type the element type
   * @return a CPU tensor
   */
  public static Tensor scalar(double value, DType type) {
    return full(new long[0], value, type, Device.CPU);
  }

  /**
   * An int64 tensor of no dimension.
   *
   * @param value the value
   * @return a CPU tensor
   */
  public static Tensor scalar(long value) {
    return of(new long[] {value}, new long[0]);
  }

  /**
   * Zeros.
   *
   * @param shape the sizes
   * @param type the element type
   * @param device where
   * @return a new tensor
   */
  public static Tensor zeros(long[] shape, DType type, Device device) {
    return filled(ZEROS, "Tensor.zeros", shape, type, device);
  }

  /**
   * Zeros on the CPU.
   *
   * @param type the element type
   * @param shape the sizes
   * @return a new tensor
   */
  public static Tensor zeros(DType type, long... shape) {
    return zeros(shape, type, Device.CPU);
  }

  /**
   * Ones.
   *
   * @param shape the sizes
   * @param type the element type
   * @param device where
   * @return a new tensor
   */
  public static Tensor ones(long[] shape, DType type, Device device) {
    return filled(ONES, "Tensor.ones", shape, type, device);
  }

  /**
   * Ones on the CPU.
   *
   * @param type the element type
   * @param shape the sizes
   * @return a new tensor
   */
  public static Tensor ones(DType type, long... shape) {
    return ones(shape, type, Device.CPU);
  }

  /**
   * One value everywhere.
   *
   * @param shape the sizes
   * @param value the value
   * @param type the element type
   * @param device where
   * @return a new tensor
   */
  public static Tensor full(long[] shape, double value, DType type, Device device) {
    Shapes.product("Tensor.full", shape);
    return Invoker.of(FULL)
        .ints(shape)
        .number(value)
        .dtype(Objects.requireNonNull(type, "type"))
        .none()
        .device(Objects.requireNonNull(device, "device"))
        .one();
  }

  /**
   * Elements that are not set.
   *
   * @param shape the sizes
   * @param type the element type
   * @param device where
   * @return a new tensor
   */
  public static Tensor empty(long[] shape, DType type, Device device) {
    return filled(EMPTY, "Tensor.empty", shape, type, device);
  }

  /**
   * Numbers at equal steps, on the CPU.
   *
   * @param start the first
   * @param end the bound, not reached
   * @param step the step, not zero
   * @param type the element type
   * @return a vector
   */
  public static Tensor arange(double start, double end, double step, DType type) {
    return Invoker.of(ARANGE)
        .number(start)
        .number(end)
        .number(step)
        .dtype(Objects.requireNonNull(type, "type"))
        .one();
  }

  /**
   * A number of points at equal steps, both ends included, on the CPU.
   *
   * @param start the first
   * @param end the last
   * @param steps how many
   * @param type the element type
   * @return a vector
   */
  public static Tensor linspace(double start, double end, long steps, DType type) {
    return Invoker.of(LINSPACE)
        .number(start)
        .number(end)
        .integer(steps)
        .dtype(Objects.requireNonNull(type, "type"))
        .one();
  }

  /**
   * The identity matrix.
   *
   * @param n number of rows
   * @param type the element type
   * @param device where
   * @return a matrix [n, n]
   */
  public static Tensor eye(long n, DType type, Device device) {
    Shapes.product("Tensor.eye", n);
    return Invoker.of(EYE).integer(n).dtype(type).none().device(device).one();
  }

  /**
   * Standard normal random numbers, on the generator's device.
   *
   * @param rng the generator
   * @param type a floating element type
   * @param shape the sizes
   * @return a new tensor
   */
  public static Tensor randn(Rng rng, DType type, long... shape) {
    return random(RANDN, "Tensor.randn", rng, type, shape);
  }

  /**
   * Random numbers from 0 to below 1, on the generator's device.
   *
   * @param rng the generator
   * @param type a floating element type
   * @param shape the sizes
   * @return a new tensor
   */
  public static Tensor rand(Rng rng, DType type, long... shape) {
    return random(RAND, "Tensor.rand", rng, type, shape);
  }

  /**
   * Random numbers that are 1 with a given probability and else 0, on the generator's device.
   *
   * @param rng the generator
   * @param probability of 1
   * @param type a floating element type
   * @param shape the sizes
   * @return a new tensor
   */
  public static Tensor bernoulli(Rng rng, double probability, DType type, long... shape) {
    if (!(probability >= 0 && probability <= 1)) {
      throw new ArgumentException(
          "Tensor.bernoulli: probability " + probability + "; it must be between 0 and 1");
    }
    try (Tensor probabilities = full(shape, probability, type, rng.device())) {
      return probabilities.bernoulli(rng);
    }
  }

  /**
   * Random whole numbers (int64), on the generator's device.
   *
   * @param rng the generator
   * @param low the least
   * @param high the bound, not reached
   * @param shape the sizes
   * @return a new tensor
   */
  public static Tensor randint(Rng rng, long low, long high, long... shape) {
    Shapes.product("Tensor.randint", shape);
    if (low >= high) {
      throw new ArgumentException("Tensor.randint: low " + low + " is not below high " + high);
    }
    return Invoker.of(RANDINT)
        .integer(low)
        .integer(high)
        .ints(shape)
        .rng(rng)
        .dtype(DType.INT64)
        .none()
        .device(rng.device())
        .one();
  }

  /**
   * The numbers from 0 to below n in random order (int64), on the generator's device.
   *
   * @param rng the generator
   * @param n how many
   * @return a vector
   */
  public static Tensor randperm(Rng rng, long n) {
    Shapes.product("Tensor.randperm", n);
    return Invoker.of(RANDPERM)
        .integer(n)
        .rng(rng)
        .dtype(DType.INT64)
        .none()
        .device(rng.device())
        .one();
  }

  /**
   * Zeros with another tensor's sizes, element type and device.
   *
   * @param like the other tensor
   * @return a new tensor
   */
  public static Tensor zerosLike(Tensor like) {
    return Invoker.of(ZEROS_LIKE).tensor(like).one();
  }

  /**
   * Ones with another tensor's sizes, element type and device.
   *
   * @param like the other tensor
   * @return a new tensor
   */
  public static Tensor onesLike(Tensor like) {
    return Invoker.of(ONES_LIKE).tensor(like).one();
  }

  /**
   * One value with another tensor's sizes, element type and device.
   *
   * @param like the other tensor
   * @param value the value
   * @return a new tensor
   */
  public static Tensor fullLike(Tensor like, double value) {
    return Invoker.of(FULL_LIKE).tensor(like).number(value).one();
  }

  /**
   * Joins tensors along a dimension.
   *
   * @param tensors at least one, equal in all other dimensions
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   * @throws ArgumentException when the list is empty
   */
  public static Tensor cat(List<Tensor> tensors, long dim) {
    return Invoker.of(CAT).tensors(some("Tensor.cat", tensors)).integer(dim).one();
  }

  /**
   * Joins tensors along a new dimension.
   *
   * @param tensors at least one, of equal sizes
   * @param dim the new dimension; negative counts from the end
   * @return a new tensor
   * @throws ArgumentException when the list is empty
   */
  public static Tensor stack(List<Tensor> tensors, long dim) {
    return Invoker.of(STACK).tensors(some("Tensor.stack", tensors)).integer(dim).one();
  }

  /**
   * Sums of products, in Einstein's notation.
   *
   * @param equation such as {@code "bij,bjk->bik"}
   * @param operands the tensors, as many as the equation names
   * @return a new tensor
   * @throws ArgumentException when there is no operand
   */
  public static Tensor einsum(String equation, Tensor... operands) {
    List<Tensor> list = some("Tensor.einsum", Arrays.asList(operands));
    return Invoker.of(EINSUM).text(equation).tensors(list).one();
  }

  /**
   * Elements of one tensor where a condition holds, of another elsewhere; all broadcast.
   *
   * @param condition truth values
   * @param yes elements where it holds
   * @param no elements where it does not
   * @return a new tensor
   */
  public static Tensor where(Tensor condition, Tensor yes, Tensor no) {
    return Invoker.of(WHERE).tensor(condition).tensor(yes).tensor(no).one();
  }

  private static Tensor filled(Op op, String name, long[] shape, DType type, Device device) {
    Shapes.product(name, shape);
    return Invoker.of(op)
        .ints(shape)
        .dtype(Objects.requireNonNull(type, "type"))
        .none()
        .device(Objects.requireNonNull(device, "device"))
        .one();
  }

  private static Tensor random(Op op, String name, Rng rng, DType type, long... shape) {
    Shapes.product(name, shape);
    if (!type.isFloatingPoint()) {
      throw new DTypeException(name + ": " + type + "; a floating element type is needed");
    }
    return Invoker.of(op).ints(shape).rng(rng).dtype(type).none().device(rng.device()).one();
  }

  private static <T extends @Nullable Tensor> List<T> some(String operation, List<T> tensors) {
    if (tensors.isEmpty()) {
      throw new ArgumentException(operation + ": the list of tensors is empty");
    }
    for (int i = 0; i < tensors.size(); i++) {
      Objects.requireNonNull(tensors.get(i), operation + ": tensor " + i);
    }
    return tensors;
  }
}
