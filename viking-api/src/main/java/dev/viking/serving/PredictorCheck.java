package dev.viking.serving;

import dev.viking.nn.Sequential;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.StackedNetwork;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares what was compiled with the model itself: a layer whose meaning has changed must not be
 * wrong without a word.
 */
final class PredictorCheck {
  private static final int INPUTS = 2;

  private PredictorCheck() {}

  /** Largest deviation of the means over all samples, relative to 1 + |value|. */
  static double deviation(
      StackedNetwork network, Sequential model, Tensor parameters, Likelihood likelihood) {
    long features = 1;
    for (long size : model.inputShape()) {
      features *= size;
    }
    long[] shape = new long[model.inputShape().length + 1];
    shape[0] = INPUTS;
    System.arraycopy(model.inputShape(), 0, shape, 1, shape.length - 1);
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(7)) {
      Tensor inputs = Tensor.randn(rng, parameters.dtype(), shape);
      Prediction got = new Prediction(INPUTS, (int) features, (int) model.outputs(), likelihood);
      inputs.copyTo(got.inputs);
      network.run(got.inputs, INPUTS, got.targets, got.error);
      got.count(INPUTS);
      List<Tensor> each = new ArrayList<>();
      for (long s = 0; s < parameters.size(0); s++) {
        each.add(model.apply(parameters.select(0, s), inputs));
      }
      float[] wanted = Tensor.stack(each, 0).mean(0).contiguous().toFloatArray();
      double worst = 0;
      for (int i = 0; i < wanted.length; i++) {
        float value = got.mean(i / got.outputs(), i % got.outputs());
        // Weights may hold NaN or infinities; then there is nothing to compare.
        if (Float.isFinite(wanted[i])) {
          double off = Math.abs(value - wanted[i]) / (1 + Math.abs(wanted[i]));
          worst = Math.max(worst, Double.isNaN(off) ? Double.POSITIVE_INFINITY : off);
        }
      }
      return worst;
    }
  }
}
