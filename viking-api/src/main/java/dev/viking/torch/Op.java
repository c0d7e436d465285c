package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * An operator of libtorch's dispatcher, by schema name and overload: {@code Op.of("aten::add",
 * "Tensor")}.
 *
 * <p>Arguments are given in schema order, keyword-only ones included; trailing ones that are left
 * out take their defaults. Accepted are {@link Tensor}, {@code List<Tensor>} and {@code Tensor[]}
 * (null entries where the schema has {@code Tensor?[]}), {@code Long}, {@code Integer}, {@code
 * Double}, {@code Float}, {@code Boolean}, {@code long[]}, {@code int[]}, {@code double[]}, {@code
 * boolean[]}, {@code String}, {@link DType}, {@link Device}, {@link Rng}, and null for "no value".
 *
 * <p>Immutable and safe for all threads. The operator is looked up at the first use, once. Results
 * belong to the current {@link Scope}, or to the caller when there is none.
 */
public final class Op {
  /** Stands for "no operator yet". */
  static final Op NOTHING = new Op("", "");

  private static final ConcurrentHashMap<String, Op> KNOWN = new ConcurrentHashMap<>();

  private final String name;
  private final String overload;
  private final boolean mutates;
  private @Nullable MemorySegment pointer;

  private Op(String name, String overload) {
    this.name = name;
    this.overload = overload;
    this.mutates = name.endsWith("_") || overload.endsWith("out");
  }

  /**
   * The operator with a schema name and overload. Whether it exists is known when it is first used.
   *
   * @param name the name with its namespace, such as {@code "aten::add"}
   * @param overload the overload, such as {@code "Tensor"}; empty for the default one
   * @return the operator, the same object for the same names
   */
  public static Op of(String name, String overload) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(overload, "overload");
    return KNOWN.computeIfAbsent(name + "." + overload, key -> new Op(name, overload));
  }

  /**
   * Calls the operator.
   *
   * @param arguments the arguments in schema order
   * @return the first result; further ones are released at once
   * @throws ArgumentException when an argument does not fit the schema or the first result is no
   *     tensor
   * @throws TorchException when libtorch refuses the call, with a subclass for the kind of refusal
   * @throws ClosedException when an argument is closed
   */
  public Tensor call(@Nullable Object... arguments) {
    return pack(arguments).one();
  }

  /**
   * Calls the operator.
   *
   * @param arguments the arguments in schema order
   * @return all results in order: a list result is spread, an undefined tensor is null, a number or
   *     truth value is a tensor of no dimension (int64, float64 or bool)
   * @throws ArgumentException when an argument does not fit the schema
   * @throws TorchException when libtorch refuses the call, with a subclass for the kind of refusal
   * @throws ClosedException when an argument is closed
   */
  public List<@Nullable Tensor> callAll(@Nullable Object... arguments) {
    return pack(arguments).all();
  }

  /**
   * The operator's schema.
   *
   * @return the schema as libtorch writes it
   * @throws UnknownOperatorException when there is no such operator
   */
  public String schema() {
    Invoker invoker = Invoker.get();
    MemorySegment op = pointer(invoker);
    MemorySegment error = invoker.error();
    MemorySegment needed = invoker.cell();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(1024);
      int status =
          viking_native_h.vk_op_schema(op, buffer, 1024, needed, error, Invoker.ERROR_BYTES);
      if (status == Status.CAPACITY) {
        long bytes = needed.get(ValueLayout.JAVA_LONG, 0);
        buffer = arena.allocate(bytes);
        status =
            viking_native_h.vk_op_schema(op, buffer, bytes, needed, error, Invoker.ERROR_BYTES);
      }
      Status.check(status, toString(), error);
      return buffer.getString(0);
    }
  }

  /** The schema name with its overload, such as {@code aten::add.Tensor}. */
  @Override
  public String toString() {
    return overload.isEmpty() ? name : name + "." + overload;
  }

  String name() {
    return name;
  }

  /** Whether arguments may be changed, sizes included. */
  boolean mutates() {
    return mutates;
  }

  /** The native operator. Two threads may both look it up; they find the same one. */
  MemorySegment pointer(Invoker invoker) {
    MemorySegment known = pointer;
    return known != null ? known : find(invoker);
  }

  private MemorySegment find(Invoker invoker) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = arena.allocate(ValueLayout.ADDRESS);
      int status =
          viking_native_h.vk_op_find(
              arena.allocateFrom(name),
              arena.allocateFrom(overload),
              found,
              invoker.error(),
              Invoker.ERROR_BYTES);
      Status.check(status, toString(), invoker.error());
      MemorySegment result = found.get(ValueLayout.ADDRESS, 0);
      pointer = result;
      return result;
    }
  }

  private Invoker pack(@Nullable Object[] arguments) {
    Objects.requireNonNull(arguments, "arguments");
    Invoker invoker = Invoker.of(this);
    for (int i = 0; i < arguments.length; i++) {
      pack(invoker, i, arguments[i]);
    }
    return invoker;
  }

  private void pack(Invoker invoker, int index, @Nullable Object argument) {
    switch (argument) {
      case null -> invoker.none();
      case Tensor tensor -> invoker.tensor(tensor);
      case Long value -> invoker.integer(value);
      case Integer value -> invoker.integer(value);
      case Double value -> invoker.number(value);
      case Float value -> invoker.number(value);
      case Boolean value -> invoker.flag(value);
      case long[] values -> invoker.ints(values);
      case int[] values -> invoker.ints(Arrays.stream(values).asLongStream().toArray());
      case double[] values -> invoker.doubles(values);
      case boolean[] values -> invoker.flags(values);
      case String value -> invoker.text(value);
      case DType value -> invoker.dtype(value);
      case Device value -> invoker.device(value);
      case Rng value -> invoker.rng(value);
      case @Nullable Tensor[] values -> invoker.tensors(Arrays.asList(values));
      case List<?> values -> invoker.tensors(onlyTensors(index, values));
      default ->
          throw new ArgumentException(
              this
                  + ": argument "
                  + index
                  + " is a "
                  + argument.getClass().getName()
                  + ", which no operator takes; see Op for the kinds of arguments");
    }
  }

  @SuppressWarnings("unchecked")
  private List<? extends @Nullable TensorHandle> onlyTensors(int index, List<?> values) {
    for (int i = 0; i < values.size(); i++) {
      Object value = values.get(i);
      if (value != null && !(value instanceof Tensor)) {
        throw new ArgumentException(
            this
                + ": argument "
                + index
                + ", entry "
                + i
                + " is a "
                + value.getClass().getName()
                + "; a list must hold tensors (use long[] or double[] for numbers)");
      }
    }
    return (List<? extends @Nullable TensorHandle>) values;
  }
}
