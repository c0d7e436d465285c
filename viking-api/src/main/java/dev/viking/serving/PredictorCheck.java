package dev.viking.serving;

import dev.viking.nn.Sequential;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.StackedNetwork;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Compares what was compiled with the model itself: a layer whose meaning has changed must not be
 * wrong without a word.
 */
final class PredictorCheck {
  private static final int INPUTS = 2;

  private PredictorCheck() {}

  /**
   * Largest deviation of means and standard deviations over all samples, relative to 1 + |value|;
   * with a mean, the parameters are deviations from it, and the network is linearised there.
   */
  static double deviation(
      StackedNetwork network,
      Sequential model,
      Tensor parameters,
      @Nullable Tensor mean,
      Likelihood likelihood) {
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
      LibtorchPath.Moments wanted =
          mean == null
              ? LibtorchPath.Moments.ofSamples(outputs(model, parameters, inputs))
              : LibtorchPath.linearised(model, mean, parameters, inputs).moments();
      float[] means = wanted.mean().contiguous().toFloatArray();
      float[] variances = wanted.variance().contiguous().toFloatArray();
      double worst = 0;
      for (int i = 0; i < means.length; i++) {
        int example = i / got.outputs();
        int output = i % got.outputs();
        worst = Math.max(worst, off(got.mean(example, output), means[i]));
        worst =
            Math.max(worst, off(Math.sqrt(got.variance(example, output)), Math.sqrt(variances[i])));
      }
      return worst;
    }
  }

  private static Tensor outputs(Sequential model, Tensor parameters, Tensor inputs) {
    List<Tensor> each = new ArrayList<>();
    for (long s = 0; s < parameters.size(0); s++) {
      each.add(model.apply(parameters.select(0, s), inputs));
    }
    return Tensor.stack(each, 0);
  }

  // Weights may hold NaN or infinities; then there is nothing to compare.
  private static double off(double value, double wanted) {
    if (!Double.isFinite(wanted)) {
      return 0;
    }
    double off = Math.abs(value - wanted) / (1 + Math.abs(wanted));
    return Double.isNaN(off) ? Double.POSITIVE_INFINITY : off;
  }
}
