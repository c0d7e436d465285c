package dev.viking.benchmarks;

import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Prediction;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Predicts when latency.py says so: {@code check} prints the result, {@code run N} the nanoseconds
 * of N predictions one after the other, {@code callers T N} those of N by each of T threads at
 * once. Arguments: network, weights file, inputs file, samples, threads.
 */
final class LatencyWorker {
  private LatencyWorker() {}

  static void main(String[] arguments) throws IOException, InterruptedException {
    String network = arguments[0];
    float[] weights = LatencyProblem.read(Path.of(arguments[1]));
    float[] input = LatencyProblem.read(Path.of(arguments[2]));
    int samples = Integer.parseInt(arguments[3]);
    CompiledPredictor predictor;
    try (Scope _ = Scope.open()) {
      Tensor stacked = Tensor.of(weights, samples, weights.length / samples);
      predictor = LatencyProblem.compile(network, stacked, Integer.parseInt(arguments[4]));
    }
    try (predictor;
        BufferedReader commands =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      System.out.println("ready " + predictor.path());
      String line = commands.readLine();
      while (line != null) {
        String[] words = line.split(" ", -1);
        switch (words[0]) {
          case "check" -> System.out.println(check(predictor, input));
          case "run" -> print(run(predictor, input, Integer.parseInt(words[1])));
          case "callers" ->
              print(
                  callers(
                      predictor, input, Integer.parseInt(words[1]), Integer.parseInt(words[2])));
          default -> {
            return;
          }
        }
        line = commands.readLine();
      }
    }
  }

  private static String check(CompiledPredictor predictor, float[] input) {
    Prediction prediction = predictor.prediction(1);
    predictor.predict(input, prediction);
    StringBuilder text = new StringBuilder("[");
    for (int c = 0; c < prediction.outputs(); c++) {
      text.append(prediction.mean(0, c)).append(',').append(prediction.variance(0, c)).append(',');
    }
    if (prediction.likelihood().hasProbabilities()) {
      text.append(prediction.entropy(0)).append(',').append(prediction.mutualInformation(0));
    } else {
      text.setLength(text.length() - 1);
    }
    return text.append(']').toString();
  }

  private static long[] run(CompiledPredictor predictor, float[] input, int count) {
    Prediction prediction = predictor.prediction(1);
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      predictor.predict(input, prediction);
      nanos[i] = System.nanoTime() - start;
    }
    return nanos;
  }

  private static long[] callers(CompiledPredictor predictor, float[] input, int threads, int count)
      throws InterruptedException {
    long[][] each = new long[threads][];
    Thread[] running = new Thread[threads];
    for (int t = 0; t < threads; t++) {
      int own = t;
      running[t] = Thread.ofPlatform().start(() -> each[own] = run(predictor, input, count));
    }
    for (Thread thread : running) {
      thread.join();
    }
    return Arrays.stream(each).flatMapToLong(LongStream::of).toArray();
  }

  private static void print(long[] nanos) {
    System.out.println(
        LongStream.of(nanos).mapToObj(Long::toString).collect(Collectors.joining(",", "[", "]")));
  }
}
