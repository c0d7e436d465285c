package com.example;

import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Likelihood;
import dev.viking.serving.Prediction;
import dev.viking.serving.PredictorOptions;
import dev.viking.torch.Libtorch;
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
    try (CompiledPredictor predictor =
        CompiledPredictor.load(file, PredictorOptions.of(Likelihood.BERNOULLI))) {
      // Inside each moon, where there were examples, and a place far from all of them.
      float[] points = {0.2f, 0.6f, 0.8f, 0.4f, 3, 3};
      Prediction predicted = predictor.prediction(3);
      predictor.predict(points, 3, predicted);
      Instant now = Instant.now();
      Instant started = ProcessHandle.current().info().startInstant().orElse(now);
      String[] names = {"upper moon", "lower moon", "far away"};
      for (int i = 0; i < names.length; i++) {
        System.out.printf(
            "%-10s  probability of the lower moon %.3f, of which the samples disagree about %.3f nats%n",
            names[i], predicted.probability(i, 0), predicted.mutualInformation(i));
      }
      System.out.println(
          "first prediction after " + Duration.between(started, now).toMillis() + " ms");
      System.out.println("libtorch " + Libtorch.buildInfo().get("runtime_torch"));
    }
  }
}
