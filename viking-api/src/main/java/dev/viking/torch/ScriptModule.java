package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A TorchScript module as a pure function of its parameters and inputs. Low level: users have
 * {@code dev.viking.nn.TorchScriptModel}.
 *
 * <p><b>Meaning.</b> The module is evaluated in evaluation mode (dropout does nothing, batch norm
 * uses the file's running statistics). Parameters are arguments of each call; buffers and other
 * attributes are constants of the file. Nothing of the caller's is changed: operators in place work
 * on copies. Every operator goes through the guards that operators called from Java go through, so
 * {@link #call} may stand inside any nesting of transforms.
 *
 * <p><b>Ownership.</b> Holds the file's parameters and buffers in native memory until it is closed.
 * Closing while calls run in other threads frees the memory when the last of them returns.
 *
 * <p><b>Threads.</b> Immutable; any number of threads may call it at once.
 */
public final class ScriptModule implements AutoCloseable {
  private static final int CLOSED = 1 << 30;

  private final MemorySegment handle;
  private final Path file;
  private final ScriptContents contents;
  private final AtomicInteger users = new AtomicInteger();

  private ScriptModule(MemorySegment handle, Path file, ScriptContents contents) {
    this.handle = handle;
    this.file = file;
    this.contents = contents;
  }

  /**
   * Reads a file that {@code torch.jit.save} wrote. A module is a program; read files that you
   * trust.
   *
   * @param file the file
   * @param dtype what its floating tensors are converted to, or null to keep theirs
   * @param device where its tensors shall lie
   * @return the module
   * @throws MalformedModuleException when the file is missing, damaged or something else
   * @throws UnsupportedModuleException when the module is no pure function, or cannot be evaluated
   * @throws DTypeException when {@code dtype} is not a floating one
   * @throws DeviceException when the device is not there
   */
  public static ScriptModule load(Path file, @Nullable DType dtype, Device device) {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(device, "device");
    String operation = "TorchScript module " + file;
    Invoker invoker = Invoker.get();
    try (Arena arena = Arena.ofConfined()) {
      int status =
          viking_native_h.vk_module_load(
              arena.allocateFrom(file.toString()),
              dtype == null ? -1 : dtype.code(),
              device.type().code(),
              device.index(),
              invoker.cell(),
              invoker.error(),
              Invoker.ERROR_BYTES);
      if (status == viking_native_h.VK_ERR_UNSUPPORTED()) {
        throw new UnsupportedModuleException(operation + ": " + invoker.error().getString(0));
      }
      Status.check(status, operation, invoker.error());
      MemorySegment handle = MemorySegment.ofAddress(invoker.cell().get(ValueLayout.JAVA_LONG, 0));
      try {
        return new ScriptModule(handle, file, ScriptContents.parse(describe(handle, arena)));
      } catch (RuntimeException e) {
        viking_native_h.vk_module_release(handle);
        throw e;
      }
    }
  }

  private static String describe(MemorySegment handle, Arena arena) {
    Invoker invoker = Invoker.get();
    MemorySegment text = MemorySegment.NULL;
    long capacity = 0;
    while (true) {
      int status =
          viking_native_h.vk_module_describe(
              handle, text, capacity, invoker.cell(), invoker.error(), Invoker.ERROR_BYTES);
      if (status != Status.CAPACITY || capacity > 0) {
        Status.check(status, "ScriptModule.describe", invoker.error());
        return text.getString(0);
      }
      capacity = invoker.cell().get(ValueLayout.JAVA_LONG, 0);
      text = arena.allocate(capacity);
    }
  }

  /**
   * The parameters, as {@code named_parameters()} orders them in Python; one that has several names
   * is there once.
   *
   * @return an unmodifiable list
   */
  public List<ScriptContents.Entry> parameters() {
    return contents.parameters();
  }

  /**
   * All that the file holds.
   *
   * @return names, shapes and types
   */
  public ScriptContents contents() {
    return contents;
  }

  /**
   * The file.
   *
   * @return the path as it was given
   */
  public Path file() {
    return file;
  }

  /**
   * The parameters' values in the file.
   *
   * @return copies, in the order of {@link #parameters}, in the caller's current scope
   * @throws ClosedException when the module is closed
   */
  public List<Tensor> initialValues() {
    int count = contents.parameters().size();
    Invoker invoker = Invoker.get();
    enter("ScriptModule.initialValues");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handles = arena.allocate(8L * Math.max(1, count), 8);
      Status.check(
          viking_native_h.vk_module_parameters(
              handle, handles, count, invoker.cell(), invoker.error(), Invoker.ERROR_BYTES),
          "ScriptModule.initialValues",
          invoker.error());
      return Handles.adopt(handles, 0, count, invoker);
    } finally {
      leave();
    }
  }

  /**
   * Evaluates {@code forward}.
   *
   * @param parameters one tensor for each of {@link #parameters}, of its shape, dtype and device
   * @param inputs the arguments of forward; trailing ones that have defaults may be left out
   * @return the tensors of the result, tuples and lists spread out, in the current scope
   * @throws ArgumentException when the number of parameters or inputs is wrong
   * @throws ShapeException when sizes do not fit
   * @throws DTypeException when dtypes do not fit
   * @throws UnsupportedTransformException when an operator is refused under the transforms around
   * @throws TorchException when the module raises an exception, or libtorch does
   * @throws ClosedException when the module or a tensor is closed
   */
  public List<Tensor> call(List<Tensor> parameters, List<Tensor> inputs) {
    String operation = "TorchScript module " + file.getFileName();
    Invoker invoker = Invoker.get();
    enter(operation);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment given = Handles.of(parameters, operation, "parameter", arena);
      MemorySegment arguments = Handles.of(inputs, operation, "input", arena);
      MemorySegment outputs = arena.allocate(8L * Transforms.MAX_OUTPUTS, 8);
      Status.check(
          viking_native_h.vk_module_call(
              handle,
              given,
              parameters.size(),
              arguments,
              inputs.size(),
              outputs,
              Transforms.MAX_OUTPUTS,
              invoker.cell(),
              invoker.error(),
              Invoker.ERROR_BYTES),
          operation,
          invoker.error());
      return Handles.adopt(outputs, 0, invoker.cell().get(ValueLayout.JAVA_LONG, 0), invoker);
    } finally {
      leave();
    }
  }

  /** Frees the module, as soon as no call runs. Closing again does nothing. */
  @Override
  public void close() {
    int before = users.getAndUpdate(n -> n | CLOSED);
    if (before == 0) {
      viking_native_h.vk_module_release(handle);
    }
  }

  private void enter(String operation) {
    int before = users.getAndUpdate(n -> (n & CLOSED) != 0 ? n : n + 1);
    if ((before & CLOSED) != 0) {
      throw new ClosedException(operation + ": the module is closed");
    }
  }

  private void leave() {
    if (users.decrementAndGet() == CLOSED) {
      viking_native_h.vk_module_release(handle);
    }
  }
}
