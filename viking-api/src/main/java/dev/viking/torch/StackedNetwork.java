package dev.viking.torch;

import dev.viking.bindings.NativeLibrary;
import dev.viking.bindings.viking_native_h;
import dev.viking.bindings.vk_layer;
import dev.viking.bindings.vk_prediction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A small network compiled to native loops, with one set of weights for each of S samples; float32,
 * on the CPU; or linearised in its parameters around a mean. One call predicts with all samples and
 * reduces them.
 *
 * <p>The native code behind {@code dev.viking.serving}, which is what applications use. Weights are
 * copied, shared by all threads, and never change. {@link #run} may be called by any number of
 * threads; closing it is the caller's affair, and must not happen during a call.
 */
public final class StackedNetwork implements AutoCloseable {
  private static final long TEXT_BYTES = 1 << 16;

  /** Bytes of the native structure that names what a prediction is written to. */
  public static final long TARGETS_BYTES = vk_prediction.sizeof();

  /** Bytes that an error message may have. */
  public static final long ERROR_BYTES = Invoker.ERROR_BYTES;

  /** What a layer does. */
  public enum Kind {
    /** An affine map. */
    LINEAR(viking_native_h.VK_LAYER_LINEAR()),
    /** A convolution with square kernel and zero padding. */
    CONV2D(viking_native_h.VK_LAYER_CONV2D()),
    /** Largest value of square windows. */
    MAX_POOL2D(viking_native_h.VK_LAYER_MAX_POOL2D()),
    /** Mean of square windows. */
    AVG_POOL2D(viking_native_h.VK_LAYER_AVG_POOL2D()),
    /** Any shape to a vector. */
    FLATTEN(viking_native_h.VK_LAYER_FLATTEN()),
    /** Hyperbolic tangent; absolute error below 3e-7. */
    TANH(viking_native_h.VK_LAYER_TANH()),
    /** max(x, 0). */
    RELU(viking_native_h.VK_LAYER_RELU()),
    /** GELU in its tanh form. */
    GELU_TANH(viking_native_h.VK_LAYER_GELU_TANH()),
    /** x sigmoid(x). */
    SILU(viking_native_h.VK_LAYER_SILU()),
    /** Begins a residual block; its body follows. */
    BLOCK(viking_native_h.VK_LAYER_BLOCK()),
    /** Ends the body; the shortcut's layers follow, from the block's input. */
    SHORTCUT(viking_native_h.VK_LAYER_SHORTCUT()),
    /** Ends the block: body plus shortcut. */
    SUM(viking_native_h.VK_LAYER_SUM()),
    /** The mean over each channel, to a vector. */
    MEAN2D(viking_native_h.VK_LAYER_MEAN2D()),
    /**
     * Groups of channels, or a vector, less their mean over their deviation. The layer's kernel is
     * the number of groups, its stride where epsilon is among the parameters.
     */
    NORM(viking_native_h.VK_LAYER_NORM()),
    /** The same without the mean. */
    RMS_NORM(viking_native_h.VK_LAYER_RMS_NORM());

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  /**
   * One layer; sizes that its kind does not have are 0.
   *
   * @param kind what it does
   * @param outputs units or channels
   * @param kernel height and width of windows
   * @param stride step between windows
   * @param padding zeros at each side
   * @param weight where its weight starts in the flat parameters
   * @param bias where its bias starts; -1 without one
   */
  public record Layer(
      Kind kind, long outputs, long kernel, long stride, long padding, long weight, long bias) {}

  /** How a network's outputs become probabilities. */
  public enum Link {
    /** They do not: a regression. */
    IDENTITY(viking_native_h.VK_LINK_IDENTITY()),
    /** One distribution over all outputs. */
    SOFTMAX(viking_native_h.VK_LINK_SOFTMAX()),
    /** Each output is the logit of an event of its own. */
    SIGMOID(viking_native_h.VK_LINK_SIGMOID());

    private final int code;

    Link(int code) {
      this.code = code;
    }
  }

  private final MemorySegment handle;

  private StackedNetwork(MemorySegment handle) {
    this.handle = handle;
  }

  /**
   * Compiles a network.
   *
   * @param layers the layers in order
   * @param inputShape sizes of one example, [features] or [channels, height, width]
   * @param parameters [S, D], float32, on the CPU
   * @param mean [D] of the same kind: the parameters are deviations from it, and the network is
   *     linearised there; null: they are whole parameter vectors
   * @param link how outputs become probabilities
   * @param threads threads that work at one call, the caller's included
   * @param cpus CPUs that the others are bound to; empty: unbound
   * @param spin how long they watch for work before they sleep
   * @return the network, to be closed
   * @throws ArgumentException when an argument is out of range, or a CPU not to be had
   * @throws ShapeException when the layers do not fit each other or the parameters
   * @throws DTypeException when parameters or mean are not float32
   */
  public static StackedNetwork compile(
      List<Layer> layers,
      long[] inputShape,
      Tensor parameters,
      @Nullable Tensor mean,
      Link link,
      int threads,
      int[] cpus,
      Duration spin) {
    NativeLibrary.ensureLoaded();
    if (parameters.dim() != 2) {
      throw new ShapeException(
          "StackedNetwork.compile: parameters " + parameters + ", [S, D] needed");
    }
    if (parameters.dtype() != DType.FLOAT32) {
      throw new DTypeException(
          "StackedNetwork.compile: parameters " + parameters + ", float32 needed");
    }
    if (mean != null
        && (mean.dtype() != DType.FLOAT32
            || mean.dim() != 1
            || mean.numel() != parameters.size(1))) {
      throw new ShapeException(
          "StackedNetwork.compile: mean "
              + mean
              + ", float32 ["
              + parameters.size(1)
              + "] needed, as many as parameters has columns");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment specs = vk_layer.allocateArray(Math.max(layers.size(), 1), arena);
      for (int i = 0; i < layers.size(); i++) {
        write(layers.get(i), vk_layer.asSlice(specs, i));
      }
      MemorySegment sizes = arena.allocateFrom(ValueLayout.JAVA_LONG, inputShape);
      MemorySegment values = arena.allocate(Math.max(4 * parameters.numel(), 4), 64);
      parameters.copyTo(values);
      MemorySegment centre = MemorySegment.NULL;
      if (mean != null) {
        centre = arena.allocate(Math.max(4 * mean.numel(), 4), 64);
        mean.copyTo(centre);
      }
      MemorySegment bound = arena.allocateFrom(ValueLayout.JAVA_INT, cpus);
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment error = arena.allocate(ERROR_BYTES);
      Status.check(
          viking_native_h.vk_predictor_compile(
              specs,
              layers.size(),
              sizes,
              inputShape.length,
              values,
              parameters.size(0),
              parameters.size(1),
              centre,
              link.code,
              threads,
              bound,
              cpus.length,
              Math.max(spin.toNanos() / 1000, 0),
              out,
              error,
              ERROR_BYTES),
          "StackedNetwork.compile",
          error);
      return new StackedNetwork(MemorySegment.ofAddress(out.get(ValueLayout.JAVA_LONG, 0)));
    }
  }

  private static void write(Layer layer, MemorySegment to) {
    vk_layer.kind(to, layer.kind().code);
    vk_layer.reserved(to, 0);
    vk_layer.outputs(to, layer.outputs());
    vk_layer.kernel(to, layer.kernel());
    vk_layer.stride(to, layer.stride());
    vk_layer.padding(to, layer.padding());
    vk_layer.weight(to, layer.weight());
    vk_layer.bias(to, layer.bias());
  }

  /**
   * Writes where a prediction shall go into a native structure of {@link #TARGETS_BYTES} bytes.
   * Addresses of 0 are not written to.
   *
   * @param targets the structure
   * @param mean [N, C]
   * @param variance [N, C]
   * @param probabilities [N, C]
   * @param entropy [N]
   * @param mutualInformation [N]
   */
  public static void target(
      MemorySegment targets,
      MemorySegment mean,
      MemorySegment variance,
      MemorySegment probabilities,
      MemorySegment entropy,
      MemorySegment mutualInformation) {
    vk_prediction.mean(targets, mean);
    vk_prediction.variance(targets, variance);
    vk_prediction.probabilities(targets, probabilities);
    vk_prediction.entropy(targets, entropy);
    vk_prediction.mutual_information(targets, mutualInformation);
    vk_prediction.outputs(targets, MemorySegment.NULL);
  }

  /**
   * Predicts: one downcall, and no Java object once it is compiled by the JIT.
   *
   * @param inputs native memory, count examples row-major, float32
   * @param count number of examples
   * @param targets what {@link #target} wrote
   * @param error native memory of {@link #ERROR_BYTES} bytes, this call's own
   * @throws OutOfMemoryException when there is no memory for the first calls' scratch
   */
  public void run(MemorySegment inputs, long count, MemorySegment targets, MemorySegment error) {
    int status =
        viking_native_h.vk_predictor_run(handle, inputs, count, targets, error, ERROR_BYTES);
    if (status != Status.OK) {
      Status.check(status, "StackedNetwork.run", error);
    }
  }

  /**
   * What was compiled, as lines of key=value: kernels, samples, inputs, outputs, bytes, operations,
   * steps, threads.
   *
   * @return the text
   */
  public String describe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(TEXT_BYTES);
      MemorySegment needed = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment error = arena.allocate(ERROR_BYTES);
      Status.check(
          viking_native_h.vk_predictor_describe(
              handle, text, TEXT_BYTES, needed, error, ERROR_BYTES),
          "StackedNetwork.describe",
          error);
      return text.getString(0);
    }
  }

  /** Frees the weights and ends the threads; once, and not during a call. */
  @Override
  public void close() {
    viking_native_h.vk_predictor_release(handle);
  }
}
