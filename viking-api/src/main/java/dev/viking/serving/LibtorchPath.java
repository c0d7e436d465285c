package dev.viking.serving;

import dev.viking.nn.Model;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import dev.viking.torch.VikingException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Predictions by libtorch, for what the native loops do not know. Holds copies of the tensors. */
final class LibtorchPath implements AutoCloseable {
  private final Predictor predictor;
  private final long[] batchShape;
  private final KernelImagePosterior posterior;
  private final PosteriorSamples samples;

  private LibtorchPath(
      Predictor predictor,
      long[] batchShape,
      KernelImagePosterior posterior,
      PosteriorSamples samples) {
    this.predictor = predictor;
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
                    new Predictor(model, kind),
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

  void predict(MemorySegment inputs, int count, Prediction into) {
    if (count == 0) {
      return;
    }
    try (Scope _ = Scope.open()) {
      long[] shape = batchShape.clone();
      shape[0] = count;
      Tensor mean = posterior.mean();
      Tensor batch = Tensor.wrap(inputs, DType.FLOAT32, shape);
      Device device = mean.device();
      batch = (device.equals(Device.CPU) ? batch : batch.to(device)).to(mean.dtype());
      write(predictor.predict(posterior, samples, batch), into);
    }
  }

  private static void write(PredictiveSamples predicted, Prediction into) {
    Tensor outputs = predicted.outputs();
    write(predicted.mean(), into.meanMemory());
    write(predicted.standardDeviation().square(), into.varianceMemory());
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
    writeIfAny(probabilities, into.probabilityMemory());
    writeIfAny(entropy, into.entropyMemory());
    if (entropy != null && within != null) {
      write(entropy.sub(within).clampMin(0), into.mutualInformationMemory());
    }
  }

  private static Tensor binaryEntropy(Tensor probability) {
    Tensor other = probability.neg().add(1);
    return probability.xlogy(probability).add(other.xlogy(other)).neg();
  }

  private static void writeIfAny(@Nullable Tensor values, MemorySegment to) {
    if (values != null) {
      write(values, to);
    }
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
