package dev.viking.examples;

import dev.viking.metrics.Classification;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Predictions of images, some at a time.
 *
 * @param data the images
 * @param labels their classes
 * @param interrupts asked between two pieces
 */
@SuppressWarnings("ArrayRecordComponent") // borrowed for one evaluation, never compared
record ImagePredictions(TrainingData data, int[] labels, Interrupts interrupts) {
  private static final int CHUNK = 500;

  /** How many pieces some images are. */
  static int chunks(TrainingData data) {
    return Math.ceilDiv(data.size(), CHUNK);
  }

  /**
   * Predicts all images and holds the predictions against their classes.
   *
   * @param prediction of inputs
   * @param done told how many pieces are done
   */
  Classification classify(Function<Tensor, PredictiveSamples> prediction, IntConsumer done) {
    return classify(prediction, done, _ -> {});
  }

  /**
   * Predicts all images and holds the predictions against their classes.
   *
   * @param prediction of inputs
   * @param done told how many pieces are done
   * @param each handed the predictions of each piece, for as long as the call takes
   */
  Classification classify(
      Function<Tensor, PredictiveSamples> prediction,
      IntConsumer done,
      Consumer<PredictiveSamples> each) {
    try (Scope _ = Scope.open()) {
      List<Tensor> outputs = new ArrayList<>();
      for (int first = 0; first < data.size(); first += CHUNK) {
        interrupts.check();
        int last = Math.min(first + CHUNK, data.size());
        try (Scope scope = Scope.open()) {
          Tensor inputs = data.select(IntStream.range(first, last).toArray()).inputs();
          PredictiveSamples predicted = prediction.apply(inputs);
          outputs.add(scope.keep(predicted.logProbabilities().to(Device.CPU)));
          each.accept(predicted);
        }
        done.accept(Math.ceilDiv(last, CHUNK));
      }
      Tensor all = Tensor.cat(outputs, 1);
      outputs.forEach(Tensor::close);
      return Classification.ofLogits(all.to(DType.FLOAT64), labels);
    }
  }
}
