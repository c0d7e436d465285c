package dev.viking.benchmarks;

import dev.viking.posterior.Predictions;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Prediction;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.io.IOException;

/**
 * Predicts when latency.py says so; see {@link LatencyProtocol}. Arguments: form (sampled or
 * linearised), network, weights file, inputs file, samples, threads.
 */
final class LatencyWorker {
  private LatencyWorker() {}

  static void main(String[] arguments) throws IOException, InterruptedException {
    Predictions kind =
        arguments[0].equals("linearised") ? Predictions.LINEARISED : Predictions.SAMPLED;
    String network = arguments[1];
    float[] weights = LatencyProtocol.read(arguments[2]);
    float[] input = LatencyProtocol.read(arguments[3]);
    int samples = Integer.parseInt(arguments[4]);
    CompiledPredictor predictor;
    try (Scope _ = Scope.open()) {
      Tensor stacked = Tensor.of(weights, samples, weights.length / samples);
      predictor = LatencyProblem.compile(network, stacked, kind, Integer.parseInt(arguments[5]));
    }
    try (predictor) {
      String about = predictor.path() + " " + predictor.describe().replace('\n', ' ');
      LatencyProtocol.serve(about, () -> new Ours(predictor, input, predictor.prediction(1)));
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared or printed
  private record Ours(CompiledPredictor predictor, float[] input, Prediction prediction)
      implements LatencyProtocol.Caller {
    @Override
    public void predict() {
      predictor.predict(input, prediction);
    }

    @Override
    public double[] values() {
      int outputs = prediction.outputs();
      boolean classifier = prediction.likelihood().hasProbabilities();
      double[] values = new double[2 * outputs + (classifier ? 2 : 0)];
      for (int c = 0; c < outputs; c++) {
        values[2 * c] = prediction.mean(0, c);
        values[2 * c + 1] = prediction.variance(0, c);
      }
      if (classifier) {
        values[2 * outputs] = prediction.entropy(0);
        values[2 * outputs + 1] = prediction.mutualInformation(0);
      }
      return values;
    }
  }
}
