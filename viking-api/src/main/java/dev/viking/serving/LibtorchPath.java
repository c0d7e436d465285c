package dev.viking.serving;

import dev.viking.nn.Linearisation;
import dev.viking.nn.Model;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import dev.viking.torch.TorchException;
import dev.viking.torch.VikingException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Predictions by libtorch, for what the native loops do not know. Holds copies of the tensors. */
final class LibtorchPath implements AutoCloseable {
  /** Inputs whose derivatives are held at once. */
  private static final int CHUNK = 500;

  /** Inputs of the check's batch. */
  private static final int PROBE = 2;

  private final Model model;
  private final Predictions kind;
  private final long[] batchShape;
  private final KernelImagePosterior posterior;
  private final PosteriorSamples samples;

  private LibtorchPath(
      Model model,
      Predictions kind,
      long[] batchShape,
      KernelImagePosterior posterior,
      PosteriorSamples samples) {
    this.model = model;
    this.kind = kind;
    this.batchShape = batchShape;
    this.posterior = posterior;
    this.samples = samples;
  }

  static LibtorchPath of(
      Model model,
      Predictions kind,
      long[] inputShape,
      KernelImagePosterior posterior,
      PosteriorSamples samples) {
    long[] batchShape = new long[inputShape.length + 1];
    System.arraycopy(inputShape, 0, batchShape, 1, inputShape.length);
    // On a thread of its own there is no scope that would free the copies.
    CompletableFuture<LibtorchPath> made =
        CompletableFuture.supplyAsync(
            () ->
                new LibtorchPath(
                    model,
                    kind,
                    batchShape,
                    posterior.copy(),
                    new PosteriorSamples(samples.kernel().mul(1.0), samples.image().mul(1.0))),
            task -> Thread.ofPlatform().name("viking-copy").start(task));
    try {
      return made.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof VikingException cause ? cause : e;
    }
  }

  /**
   * Throws unless the model takes inputs of this shape, alone and in a batch, and has the outputs
   * that there is room for.
   *
   * @param into with room for one input, which is overwritten by zeros
   */
  void check(Prediction into) {
    try (Scope _ = Scope.open()) {
      Tensor mean = posterior.mean();
      long[] given = batchShape.clone();
      given[0] = PROBE;
      long[] wanted = {PROBE, into.outputs()};
      long[] got = outputs(mean, Tensor.zeros(given, mean.dtype(), mean.device())).shape();
      if (!Arrays.equals(got, wanted)) {
        throw new ShapeException(
            "CompiledPredictor.of: the model gives outputs of shape "
                + Arrays.toString(got)
                + " for inputs of shape "
                + Arrays.toString(given)
                + "; "
                + Arrays.toString(wanted)
                + " is needed");
      }
    }
    into.inputs.fill((byte) 0);
    predict(into.inputs, 1, into);
  }

  private Tensor outputs(Tensor parameters, Tensor inputs) {
    try {
      return model.apply(parameters, inputs);
    } catch (TorchException e) {
      // Other subclasses say themselves what is wrong; a module's own words don't name the input.
      if (!(e instanceof ShapeException) && !e.getClass().equals(TorchException.class)) {
        throw e;
      }
      ShapeException wrong =
          new ShapeException(
              "CompiledPredictor.of: the model does not take inputs of shape "
                  + Arrays.toString(inputs.shape())
                  + ": "
                  + e.getMessage());
      wrong.initCause(e);
      throw wrong;
    }
  }

  void predict(MemorySegment inputs, int count, Prediction into) {
    for (int first = 0; first < count; first += CHUNK) {
      predict(inputs, count, first, Math.min(CHUNK, count - first), into);
    }
  }

  private void predict(MemorySegment inputs, int total, int first, int count, Prediction into) {
    try (Scope _ = Scope.open()) {
      long[] shape = batchShape.clone();
      shape[0] = count;
      long bytes = inputs.byteSize() / total;
      Tensor mean = posterior.mean();
      Tensor batch =
          Tensor.wrap(inputs.asSlice(first * bytes, count * bytes), DType.FLOAT32, shape);
      Device device = mean.device();
      batch = (device.equals(Device.CPU) ? batch : batch.to(device)).to(mean.dtype());
      if (kind == Predictions.SAMPLED) {
        Tensor outputs = new Predictor(model, kind).predict(posterior, samples, batch).outputs();
        write(outputs, Moments.ofSamples(outputs), first, into);
      } else {
        Linearised at = linearised(model, mean, samples.deviations(posterior), batch);
        write(at.deviations().add(at.mean()), at.moments(), first, into);
      }
    }
  }

  /**
   * What is told of the outputs.
   *
   * @param mean [N, C]
   * @param variance [N, C]
   */
  record Moments(Tensor mean, Tensor variance) {
    /** Of outputs [S, N, C]. */
    static Moments ofSamples(Tensor outputs) {
      PredictiveSamples predicted = new PredictiveSamples(outputs);
      return new Moments(predicted.mean(), predicted.standardDeviation().square());
    }
  }

  /**
   * A network linearised in its parameters.
   *
   * @param mean [N, C], outputs at the mean parameters
   * @param deviations [S, N, C], J d_s
   */
  record Linearised(Tensor mean, Tensor deviations) {
    /** Deviations of parameters have mean zero, and so have those of the outputs. */
    Moments moments() {
      return new Moments(mean, deviations.square().mean(0));
    }
  }

  /** Evaluates a network and the derivatives in its parameters along each of [S, D] deviations. */
  static Linearised linearised(Model model, Tensor mean, Tensor deviations, Tensor inputs) {
    try (Scope scope = Scope.open();
        Linearisation at = Linearisation.of(model, mean, inputs)) {
      return new Linearised(
          scope.keep(at.outputs().mul(1.0)), scope.keep(at.functionJvp(deviations)));
    }
  }

  private static void write(Tensor outputs, Moments moments, int first, Prediction into) {
    long example = 4L * first;
    long cell = example * into.outputs();
    write(moments.mean(), into.meanMemory().asSlice(cell));
    write(moments.variance(), into.varianceMemory().asSlice(cell));
    Tensor within = null;
    Tensor probabilities = null;
    Tensor entropy = null;
    switch (into.likelihood()) {
      case REGRESSION -> {}
      case CATEGORICAL -> {
        Tensor logs = outputs.logSoftmax(2);
        within = logs.exp().mul(logs).sum(2).neg().mean(0);
        probabilities = logs.exp().mean(0);
        entropy = probabilities.xlogy(probabilities).sum(1).neg();
      }
      case BERNOULLI -> {
        Tensor each = outputs.sigmoid();
        within = binaryEntropy(each).sum(2).mean(0);
        probabilities = each.mean(0);
        entropy = binaryEntropy(probabilities).sum(1);
      }
    }
    if (probabilities != null && entropy != null && within != null) {
      write(probabilities, into.probabilityMemory().asSlice(cell));
      write(entropy, into.entropyMemory().asSlice(example));
      write(entropy.sub(within).clampMin(0), into.mutualInformationMemory().asSlice(example));
    }
  }

  private static Tensor binaryEntropy(Tensor probability) {
    Tensor other = probability.neg().add(1);
    return probability.xlogy(probability).add(other.xlogy(other)).neg();
  }

  private static void write(Tensor values, MemorySegment to) {
    values.to(DType.FLOAT32).contiguous().copyTo(to);
  }

  @Override
  public void close() {
    posterior.close();
    samples.kernel().close();
    samples.image().close();
  }
}
