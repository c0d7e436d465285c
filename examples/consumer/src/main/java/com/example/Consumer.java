package com.example;

import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.posterior.SavedPosterior;
import dev.viking.torch.Libtorch;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** Loads a posterior that was trained elsewhere and asks it about three points. */
public final class Consumer {
  private Consumer() {}

  /**
   * Prints predictions, and how long after its start the JVM had the first of them.
   *
   * @param arguments the posterior's file
   */
  public static void main(String[] arguments) {
    Path file = Path.of(arguments.length == 1 ? arguments[0] : "moons.safetensors");
    try (SavedPosterior saved = SavedPosterior.read(file);
        Scope scope = Scope.open()) {
      Predictor predictor = new Predictor(saved.requireModel(), Predictions.SAMPLED);
      // Inside each moon, where there were examples, and a place far from all of them.
      Tensor points = Tensor.of(new float[] {0.2f, 0.6f, 0.8f, 0.4f, 3, 3}, 3, 2);
      PredictiveSamples predicted =
          predictor.predict(saved.posterior(), saved.requireSamples(), points);
      float[] probabilities = predicted.outputs().sigmoid().mean(0).toFloatArray();
      float[] spread = predicted.outputs().sigmoid().std(new long[] {0}, 1, false).toFloatArray();
      Instant now = Instant.now();
      Instant started = ProcessHandle.current().info().startInstant().orElse(now);
      String[] names = {"upper moon", "lower moon", "far away"};
      for (int i = 0; i < names.length; i++) {
        System.out.printf(
            "%-10s  probability of the lower moon %.3f +- %.3f%n",
            names[i], probabilities[i], spread[i]);
      }
      System.out.println(
          "first prediction after " + Duration.between(started, now).toMillis() + " ms");
      System.out.println("libtorch " + Libtorch.buildInfo().get("runtime_torch"));
    }
  }
}
