package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A gradient method that changes one flat parameter vector in place.
 *
 * <p>Owns its state (running averages), which is made at the first step and belongs to no scope;
 * close the optimiser to free it. One optimiser serves one parameter vector and one thread at a
 * time.
 */
public abstract sealed class Optimizer implements AutoCloseable permits Adam, AdamW, RAdam, Sgd {
  private static final String STEP = "step";

  private final String name;
  private final List<String> bufferNames;
  private final Map<String, Tensor> buffers = new LinkedHashMap<>();
  private double learningRate;
  private long steps;
  private boolean closed;

  Optimizer(double learningRate, String... bufferNames) {
    this.name = getClass().getSimpleName();
    this.bufferNames = List.of(bufferNames);
    setLearningRate(learningRate);
  }

  /**
   * Changes the parameters by one step against the gradient.
   *
   * @param parameters [D], floating and contiguous; changed in place
   * @param gradient [D], of the parameters' dtype and device; read only
   * @throws ShapeException when the shapes differ from each other or from those of earlier steps
   * @throws dev.viking.torch.DTypeException when the dtypes do
   * @throws dev.viking.torch.DeviceException when the devices do
   * @throws ClosedException when a tensor or this optimiser is closed
   */
  public final void step(Tensor parameters, Tensor gradient) {
    requireOpen("step");
    String operation = name + ".step";
    Checks.floating(operation, "parameters", parameters);
    Checks.shape(operation, "gradient", gradient, parameters.shape());
    Checks.like(operation, "gradient", gradient, "parameters", parameters);
    if (!parameters.isContiguous()) {
      throw new ArgumentException(operation + ": parameters are not contiguous");
    }
    for (String buffer : bufferNames) {
      Tensor known = buffers.get(buffer);
      if (known == null) {
        buffers.put(buffer, Scope.release(makeBuffer(buffer, parameters)));
      } else if (!isCounter(buffer)) {
        Checks.shape(operation, "state " + buffer, known, parameters.shape());
        Checks.like(operation, "state " + buffer, known, "parameters", parameters);
      }
    }
    steps++;
    update(parameters, gradient);
  }

  /** Does the step; the buffers exist and the step is counted. */
  abstract void update(Tensor parameters, Tensor gradient);

  /**
   * The factor of the next steps.
   *
   * @return the learning rate
   */
  public final double learningRate() {
    return learningRate;
  }

  /**
   * Changes the factor of the next steps.
   *
   * @param learningRate at least 0, finite
   * @throws ArgumentException when it is not
   */
  public final void setLearningRate(double learningRate) {
    Checks.range(name, "learningRate", learningRate, 0, Double.POSITIVE_INFINITY);
    this.learningRate = learningRate;
  }

  /**
   * How many steps were made.
   *
   * @return the number of steps, those before a restored state included
   */
  public final long steps() {
    return steps;
  }

  /**
   * All that the next step depends on besides the options, for a checkpoint.
   *
   * @return copies by name, belonging to the current scope: {@code step} (int64, no dimension) and,
   *     after the first step, the running averages [D]
   * @throws ClosedException when this optimiser is closed
   */
  public final Map<String, Tensor> state() {
    requireOpen("state");
    Map<String, Tensor> state = new LinkedHashMap<>();
    state.put(STEP, Tensor.scalar(steps));
    buffers.forEach(
        (buffer, tensor) -> {
          if (!isCounter(buffer)) {
            state.put(buffer, tensor.cloneTensor());
          }
        });
    return state;
  }

  /**
   * Goes back to a saved state.
   *
   * @param state what {@link #state} of an optimiser of the same class returned; copied
   * @throws ArgumentException when entries are missing or unknown; nothing is changed then
   * @throws ClosedException when a tensor or this optimiser is closed
   */
  public final void restore(Map<String, Tensor> state) {
    requireOpen("restore");
    Tensor count = state.get(STEP);
    List<String> vectors = bufferNames.stream().filter(buffer -> !isCounter(buffer)).toList();
    long saved = count == null || count.dtype() != DType.INT64 ? -1 : count.itemLong();
    boolean complete =
        saved >= 0
            && state.size() == 1 + (saved == 0 ? 0 : vectors.size())
            && (saved == 0 || state.keySet().containsAll(vectors));
    if (!complete) {
      throw new ArgumentException(
          name
              + ".restore: entries "
              + state.keySet()
              + " given; needed are "
              + STEP
              + " (int64, at least 0) and, unless it is 0, "
              + vectors);
    }
    Map<String, Tensor> copies = new LinkedHashMap<>();
    for (String buffer : saved == 0 ? List.<String>of() : bufferNames) {
      if (!isCounter(buffer)) {
        Tensor source = Objects.requireNonNull(state.get(buffer));
        copies.put(buffer, Scope.release(source.cloneTensor()));
      }
    }
    free();
    buffers.putAll(copies);
    steps = saved;
  }

  /** Frees the state. Closing again does nothing. */
  @Override
  public final void close() {
    closed = true;
    free();
  }

  final Tensor buffer(String buffer) {
    Tensor tensor = buffers.get(buffer);
    if (tensor == null) {
      throw new IllegalStateException(buffer + " is none of " + bufferNames);
    }
    return tensor;
  }

  /** Whether a buffer is the step count as a tensor, which fused kernels want. */
  static boolean isCounter(String buffer) {
    return buffer.equals(FusedAdam.COUNTER);
  }

  private static Tensor makeBuffer(String buffer, Tensor parameters) {
    return isCounter(buffer)
        ? Tensor.zeros(new long[] {}, DType.FLOAT32, parameters.device())
        : Tensor.zerosLike(parameters);
  }

  private void free() {
    buffers.values().forEach(Tensor::close);
    buffers.clear();
  }

  private void requireOpen(String operation) {
    if (closed) {
      throw new ClosedException(name + "." + operation + ": the optimiser is closed");
    }
  }

  @Override
  public String toString() {
    return name
        + "[learningRate="
        + learningRate
        + ", steps="
        + steps
        + ", state="
        + Arrays.toString(buffers.keySet().toArray())
        + "]";
  }
}
