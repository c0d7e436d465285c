package dev.viking.serving;

import dev.viking.internal.Arguments;
import dev.viking.nn.Model;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.SavedPosterior;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.StackedNetwork;
import dev.viking.torch.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Predicts with S samples of a posterior, fast: weights are copied and repacked once, a prediction
 * is one native call that evaluates all samples and reduces them, and nothing is allocated on the
 * Java heap.
 *
 * <p>Networks of linear layers, convolutions, pooling, norms (batch norm with its constants), the
 * common activations of {@link dev.viking.nn.Activation}, and residual connections among them run
 * in native loops (float32, CPU; results agree with {@link dev.viking.posterior.Predictor} to about
 * 1e-5). Other layers run in libtorch behind the same methods; {@link #path} and {@link #describe}
 * say which was chosen.
 *
 * <p>With {@link Predictions#LINEARISED} the network is linearised in its parameters at the
 * posterior mean. Mean and variance of the outputs then are those of a Gaussian: f(mean, x) itself,
 * and the mean of (J (theta_s - mean))^2 over the samples, whose deviations have mean zero.
 * Probabilities and entropies are of f(mean, x) + J (theta_s - mean), sample by sample.
 *
 * <p>Safe for any number of platform and virtual threads, each with a {@link Prediction} of its
 * own. To be closed; {@link #close} waits for calls under way.
 */
public final class CompiledPredictor implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.viking.serving");

  private static final String PREDICT = "CompiledPredictor.predict";

  /**
   * Largest deviation from libtorch, relative to 1 + |value|, that the check on the spot allows.
   */
  private static final double TOLERANCE = 1e-3;

  private final long[] inputShape;
  private final int features;
  private final int outputs;
  private final long samples;
  private final PredictorOptions options;
  private final CallGate gate;
  private final @Nullable StackedNetwork network;
  private final @Nullable LibtorchPath libtorch;

  private CompiledPredictor(
      long[] inputShape,
      long outputs,
      long samples,
      PredictorOptions options,
      @Nullable StackedNetwork network,
      @Nullable LibtorchPath libtorch) {
    this.inputShape = inputShape.clone();
    this.features = Math.toIntExact(Arrays.stream(inputShape).reduce(1, Math::multiplyExact));
    this.outputs = Math.toIntExact(outputs);
    this.samples = samples;
    this.options = options;
    this.gate = new CallGate(options.concurrentCalls());
    this.network = network;
    this.libtorch = libtorch;
  }

  /**
   * Loads what {@link SavedPosterior#write} wrote, and compiles it: the whole way from a file to
   * predictions.
   *
   * @param file a posterior with its model and its samples
   * @param options how to run
   * @return the predictor; the file is no longer needed
   * @throws ArgumentException when the file has no model or no samples, or an option cannot be had
   * @throws dev.viking.checkpoint.MalformedCheckpointException when the file is damaged
   * @throws dev.viking.checkpoint.UnsupportedCheckpointException when it is no posterior, or of a
   *     newer version
   * @throws dev.viking.checkpoint.ModelDescriptionException when it holds a model that this version
   *     of the library does not know
   * @throws java.io.UncheckedIOException when it cannot be read
   */
  public static CompiledPredictor load(Path file, PredictorOptions options) {
    try (Scope _ = Scope.open()) {
      SavedPosterior saved = SavedPosterior.read(file);
      if (saved.model() == null) {
        throw new ArgumentException(
            "CompiledPredictor.load: "
                + file
                + " describes no model; needed one saved with SavedPosterior.withModel, or"
                + " CompiledPredictor.of with the model from elsewhere");
      }
      if (saved.samples() == null) {
        throw new ArgumentException(
            "CompiledPredictor.load: "
                + file
                + " has no samples; needed a file saved with SavedPosterior.withSamples. Draw them"
                + " with AlternatingProjections: which directions are in the kernel, only the"
                + " training data tell");
      }
      return of(saved.requireModel(), saved.posterior(), saved.requireSamples(), options);
    }
  }

  /**
   * Compiles a posterior. The result of the native loops is compared with libtorch's on a few
   * inputs; should they differ, libtorch is taken, and a warning logged.
   *
   * @param model the network
   * @param posterior mean and scales
   * @param samples samples in their two parts, [S, D] each
   * @param options how to run
   * @return the predictor; it keeps nothing of the arguments
   * @throws ShapeException when the samples are not of the model's size
   * @throws dev.viking.torch.ArgumentException when an option cannot be had, such as a CPU
   */
  public static CompiledPredictor of(
      Sequential model,
      KernelImagePosterior posterior,
      PosteriorSamples samples,
      PredictorOptions options) {
    checkDimension(model, posterior);
    try (Scope _ = Scope.open()) {
      boolean sampled = options.kind() == Predictions.SAMPLED;
      Tensor parameters =
          single(sampled ? samples.parameters(posterior) : samples.deviations(posterior));
      StackedNetwork network =
          compile(model, parameters, sampled ? null : single(posterior.mean()), options);
      if (network != null) {
        return new CompiledPredictor(
            model.inputShape(), model.outputs(), samples.count(), options, network, null);
      }
    }
    LibtorchPath path =
        LibtorchPath.of(model, options.kind(), model.inputShape(), posterior, samples);
    return new CompiledPredictor(
        model.inputShape(), model.outputs(), samples.count(), options, null, path);
  }

  /**
   * Predicts with a posterior of any network, such as a {@link dev.viking.nn.TorchScriptModel}: in
   * libtorch, sample after sample. For a {@link Sequential} the other method is faster.
   *
   * <p>The model is used, not copied: it must stay open as long as the predictor is, and be safe
   * for the threads that predict, as models are. A call after it was closed throws what the model
   * throws, which is {@link ClosedException} for a {@code TorchScriptModel}.
   *
   * <p>Inputs and outputs are checked once, here: the model evaluates two inputs of zeros at the
   * mean, and one goes all the way with all samples.
   *
   * @param model the network; borrowed until the predictor is closed
   * @param inputShape sizes of one input, without the batch dimension
   * @param outputs how many outputs the network has for each input
   * @param posterior mean and scales, of the model's type and on its device; copied
   * @param samples samples in their two parts, [S, D] each; copied
   * @param options how to run; threads, CPUs and spin are the native loops' and have no effect
   * @return the predictor, whose {@link #path} is libtorch
   * @throws ShapeException when posterior or samples are not of the model's size, or the model does
   *     not take such inputs or gives other outputs
   * @throws dev.viking.torch.ArgumentException when a size or {@code outputs} is not positive
   * @throws dev.viking.torch.DTypeException when the posterior is not of the model's type
   * @throws dev.viking.torch.DeviceException when the posterior is not where the model is
   */
  public static CompiledPredictor of(
      Model model,
      long[] inputShape,
      int outputs,
      KernelImagePosterior posterior,
      PosteriorSamples samples,
      PredictorOptions options) {
    Arguments.atLeast("CompiledPredictor.of", "outputs", outputs, 1);
    for (long size : inputShape) {
      Arguments.atLeast("CompiledPredictor.of", "a size of inputShape", size, 1);
    }
    checkDimension(model, posterior);
    LibtorchPath path =
        LibtorchPath.of(model, options.kind(), inputShape.clone(), posterior, samples);
    boolean made = false;
    try {
      CompiledPredictor predictor =
          new CompiledPredictor(inputShape, outputs, samples.count(), options, null, path);
      path.check(predictor.prediction(1));
      made = true;
      return predictor;
    } finally {
      if (!made) {
        path.close();
      }
    }
  }

  private static void checkDimension(Model model, KernelImagePosterior posterior) {
    if (posterior.dimension() != model.layout().total()) {
      throw new ShapeException(
          "CompiledPredictor.of: the posterior has "
              + posterior.dimension()
              + " parameters; the model has "
              + model.layout().total());
    }
  }

  private static Tensor single(Tensor values) {
    return values.to(Device.CPU).to(DType.FLOAT32).contiguous();
  }

  private static @Nullable StackedNetwork compile(
      Sequential model, Tensor parameters, @Nullable Tensor mean, PredictorOptions options) {
    Optional<NetworkPlan> known = NetworkPlan.of(model);
    if (known.isEmpty()) {
      LOG.log(System.Logger.Level.INFO, "{0} has layers that only libtorch knows", model);
      return null;
    }
    NetworkPlan plan = known.get();
    StackedNetwork network =
        StackedNetwork.compile(
            plan.layers(),
            model.inputShape(),
            mean == null ? plan.parameters(parameters) : plan.deviations(mean, parameters),
            mean == null ? null : plan.mean(mean),
            options.likelihood().link(),
            options.threads(),
            options.cpus().stream().mapToInt(Integer::intValue).toArray(),
            options.spin());
    double deviation =
        PredictorCheck.deviation(network, model, parameters, mean, options.likelihood());
    if (deviation <= TOLERANCE) {
      LOG.log(System.Logger.Level.DEBUG, "compiled {0}: {1}", model, network.describe());
      return network;
    }
    network.close();
    LOG.log(
        System.Logger.Level.WARNING,
        "the compiled {0} deviates from libtorch by {1}; predictions take libtorch",
        model,
        deviation);
    return null;
  }

  /**
   * What computes the results.
   *
   * @return native loops or libtorch
   */
  public ExecutionPath path() {
    return network == null ? ExecutionPath.LIBTORCH : ExecutionPath.COMPILED;
  }

  /**
   * What was chosen, as lines of key=value.
   *
   * @return path, and for native loops the instruction set, sizes and steps
   * @throws ClosedException when the predictor is closed
   */
  public String describe() {
    StackedNetwork compiled = network;
    if (compiled == null) {
      return "path=libtorch\nsamples=" + samples + "\nkind=" + options.kind() + "\n";
    }
    boolean isVirtual = gate.enter();
    try {
      return "path=compiled\n" + compiled.describe();
    } finally {
      gate.leave(isVirtual);
    }
  }

  /**
   * Sizes of one input.
   *
   * @return a fresh array
   */
  public long[] inputShape() {
    return inputShape.clone();
  }

  /**
   * Numbers in one input.
   *
   * @return the product of its sizes
   */
  public int features() {
    return features;
  }

  /**
   * Outputs for each input.
   *
   * @return C
   */
  public int outputs() {
    return outputs;
  }

  /**
   * The number of samples.
   *
   * @return S
   */
  public long samples() {
    return samples;
  }

  /**
   * How it runs.
   *
   * @return the options it was made with
   */
  public PredictorOptions options() {
    return options;
  }

  /**
   * Callers that wait for a place among the concurrent calls.
   *
   * @return about how many
   */
  public int waiting() {
    return gate.waiting();
  }

  /**
   * Storage for results.
   *
   * @param capacity most inputs of one call, at least 1
   * @return the storage, for any predictor with the same sizes and likelihood
   */
  public Prediction prediction(int capacity) {
    return new Prediction(capacity, features, outputs, options.likelihood());
  }

  /**
   * Predicts for one input.
   *
   * @param input its numbers, row-major
   * @param into takes the result
   * @throws ArgumentException when there are too few numbers, or too many
   * @throws ShapeException when the storage was made for other sizes or another likelihood
   * @throws ClosedException when the predictor is closed
   */
  public void predict(float[] input, Prediction into) {
    predict(input, 1, into);
  }

  /**
   * Predicts for several inputs.
   *
   * @param inputs their numbers, row-major, one input after the other
   * @param count number of inputs
   * @param into takes the result
   * @throws ArgumentException when there are too few numbers, or too many, or too little room
   * @throws ShapeException when the storage was made for other sizes or another likelihood
   * @throws ClosedException when the predictor is closed
   */
  public void predict(float[] inputs, int count, Prediction into) {
    check(PREDICT, into);
    into.require(count);
    if (inputs.length != (long) count * features) {
      throw numbers(PREDICT, "inputs", inputs.length, "exactly ", (long) count * features);
    }
    MemorySegment.copy(inputs, 0, into.inputs, ValueLayout.JAVA_FLOAT, 0, count * features);
    run(into.inputs, count, into);
  }

  /**
   * Predicts for several inputs in memory.
   *
   * @param inputs float32, row-major; native memory aligned to 4 bytes is read in place, other is
   *     copied. What follows the inputs is not read
   * @param count number of inputs
   * @param into takes the result
   * @throws ArgumentException when there are too few numbers, or too little room
   * @throws ShapeException when the storage was made for other sizes or another likelihood
   * @throws ClosedException when the predictor is closed
   */
  public void predict(MemorySegment inputs, int count, Prediction into) {
    check(PREDICT, into);
    into.require(count);
    if (inputs.byteSize() / 4 < (long) count * features) {
      throw numbers(PREDICT, "inputs", inputs.byteSize() / 4, "at least ", (long) count * features);
    }
    if (inputs.isNative() && inputs.address() % 4 == 0) {
      run(inputs, count, into);
    } else {
      MemorySegment.copy(inputs, 0, into.inputs, 0, 4L * count * features);
      run(into.inputs, count, into);
    }
  }

  /**
   * Predicts for a batch.
   *
   * @param inputs [N, ...], any floating dtype and device
   * @param into takes the result
   * @throws ArgumentException when there is too little room
   * @throws ShapeException when the inputs or the storage have other sizes, or the storage is for
   *     another likelihood
   * @throws DTypeException when the inputs are no real floating-point numbers
   * @throws ClosedException when the predictor or the tensor is closed
   */
  public void predict(Tensor inputs, Prediction into) {
    check(PREDICT, into);
    long[] shape = inputs.shape();
    if (shape.length != inputShape.length + 1
        || !Arrays.equals(shape, 1, shape.length, inputShape, 0, inputShape.length)) {
      throw new ShapeException(
          "CompiledPredictor.predict: inputs "
              + inputs
              + "; [N, ...] with examples of shape "
              + Arrays.toString(inputShape)
              + " is needed");
    }
    int count = Math.toIntExact(shape[0]);
    into.require(count);
    if (!inputs.dtype().isFloatingPoint()) {
      throw new DTypeException(
          "CompiledPredictor.predict: inputs are "
              + inputs.dtype()
              + "; FLOAT32 or another real floating type is needed");
    }
    try (Scope _ = Scope.open()) {
      inputs.to(DType.FLOAT32).contiguous().copyTo(into.inputs);
    }
    run(into.inputs, count, into);
  }

  CallGate gate() {
    return gate;
  }

  /** Throws unless the storage is for these sizes and this likelihood; any capacity will do. */
  void check(String operation, Prediction into) {
    if (into.features() != features
        || into.outputs() != outputs
        || into.likelihood() != options.likelihood()) {
      throw new ShapeException(
          operation
              + ": into was made for "
              + sizes(into.features(), into.outputs(), into.likelihood())
              + "; one for "
              + sizes(features, outputs, options.likelihood())
              + " is needed, as this predictor's prediction(capacity) makes it");
    }
  }

  private static String sizes(int features, int outputs, Likelihood likelihood) {
    return features + " features, " + outputs + " outputs and " + likelihood;
  }

  /** What to throw for a wrong number of numbers. */
  static ArgumentException numbers(
      String operation, String argument, long given, String bound, long needed) {
    return new ArgumentException(
        operation
            + ": "
            + argument
            + " has "
            + given
            + " numbers; "
            + bound
            + needed
            + " are needed");
  }

  private void run(MemorySegment inputs, int count, Prediction into) {
    PredictionEvent event = new PredictionEvent();
    event.begin();
    boolean isVirtual = gate.enter();
    try {
      StackedNetwork compiled = network;
      if (compiled != null) {
        compiled.run(inputs, count, into.targets, into.error);
      } else if (libtorch != null) {
        libtorch.predict(inputs.asSlice(0, 4L * count * features), count, into);
      }
      into.count(count);
    } finally {
      gate.leave(isVirtual);
    }
    if (event.shouldCommit()) {
      event.inputs = count;
      event.samples = samples;
      event.path = path().name();
      event.commit();
    }
  }

  /** Waits for calls under way, then frees the weights. Closing again does nothing. */
  @Override
  public void close() {
    if (gate.close()) {
      if (network != null) {
        network.close();
      }
      if (libtorch != null) {
        libtorch.close();
      }
    }
  }
}
