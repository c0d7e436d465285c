package dev.viking.baseline;

import dev.viking.nn.Loss;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The Hessian of the summed training loss in a last layer's parameters: the sum over examples of H
 * (x) f f^T, H being the loss's Hessian in the outputs and f the features with a one.
 */
final class LastLayerHessian {
  private static final int CHUNK = 2000;

  private LastLayerHessian() {}

  /** [P, P] float64, P in the order of the flat parameter vector. */
  static Tensor of(LastLayer layer, FitContext context, Tensor mean, String method) {
    TrainingData data = context.data();
    long c = layer.outputs();
    long w = layer.width();
    try (Scope scope = Scope.open()) {
      Tensor matrix = layer.matrices(layer.own(mean)).select(0, 0).to(DType.FLOAT64);
      Tensor sum = Tensor.zeros(new long[] {c, w, c, w}, DType.FLOAT64, mean.device());
      for (int first = 0; first < data.size(); first += CHUNK) {
        int end = Math.min(first + CHUNK, data.size());
        try (Scope _ = Scope.open()) {
          TrainingData.Batch batch = data.select(IntStream.range(first, end).toArray());
          Tensor features = layer.features(mean, batch.inputs()).to(DType.FLOAT64);
          add(context.loss(), features, matrix, batch.targets(), sum);
        }
        context.stopIfWanted(method);
      }
      return scope.keep(inOrder(layer, sum));
    }
  }

  private static void add(Loss loss, Tensor features, Tensor matrix, Tensor targets, Tensor sum) {
    Tensor outputs = features.matmul(matrix.t());
    long c = outputs.size(1);
    for (long i = 0; i < c; i++) {
      try (Scope _ = Scope.open()) {
        Tensor unit = Tensor.zerosLike(outputs);
        unit.select(1, i).fill_(1.0);
        Tensor row = loss.hessianProduct(outputs, targets, unit);
        for (long j = 0; j <= i; j++) {
          Tensor block = features.mul(row.narrow(1, j, 1)).t().matmul(features);
          sum.select(0, i).select(1, j).add_(block);
          if (j < i) {
            sum.select(0, j).select(1, i).add_(block);
          }
        }
      }
    }
  }

  /** From (output, feature or one) to all weights before all biases. */
  private static Tensor inOrder(LastLayer layer, Tensor sum) {
    long c = layer.outputs();
    long w = layer.width();
    long f = layer.features();
    Tensor index = Tensor.arange(0, (double) (c * w), 1, DType.INT64).to(sum.device()).view(c, w);
    Tensor weights = index.narrow(1, 0, f).reshape(c * f);
    Tensor order = layer.biased() ? Tensor.cat(List.of(weights, index.select(1, f)), 0) : weights;
    Tensor square = sum.reshape(c * w, c * w);
    return square.indexSelect(0, order).indexSelect(1, order);
  }
}
