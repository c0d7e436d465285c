package dev.viking.posterior;

import dev.viking.nn.BatchJacobian;
import dev.viking.nn.Gradients;
import dev.viking.nn.Linearisation;
import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The data term, for both kinds of predictions. */
final class Expectations {
  private Expectations() {}

  /** Predictions f(theta_s, x): one forward and one backward pass per sample. */
  static Expectation sampled(
      Model model, Loss loss, Tensor mean, Tensor deviations, Tensor inputs, Tensor targets) {
    long samples = deviations.size(0);
    try (Scope scope = Scope.open()) {
      List<Tensor> values = new ArrayList<>();
      List<Tensor> gradients = new ArrayList<>();
      List<Tensor> outputs = new ArrayList<>();
      for (long s = 0; s < samples; s++) {
        Tensor parameters = mean.add(deviations.select(0, s));
        Gradients.Result result = Gradients.sum(model, loss, parameters, inputs, targets);
        values.add(result.value().to(DType.FLOAT64));
        gradients.add(result.gradient());
        outputs.add(result.outputs());
      }
      return new Expectation(
          scope.keep(Tensor.stack(values, 0).mean()),
          scope.keep(Tensor.stack(gradients, 0).div_((double) samples)),
          null,
          scope.keep(Tensor.stack(outputs, 0)));
    }
  }

  /**
   * Predictions f(mean, x) + J (theta_s - mean), J being the outputs' Jacobian at the mean; all
   * samples at once.
   *
   * @param jacobian J in pieces
   */
  static Expectation linearised(
      Linearisation at, BatchJacobian jacobian, Loss loss, Tensor deviations, Tensor targets) {
    long samples = deviations.size(0);
    Tensor values = at.outputs();
    try (Scope scope = Scope.open()) {
      Tensor outputs =
          jacobian.product(deviations).view(samples, values.size(0), values.size(1)).add_(values);
      Loss.Derivative each = loss.derivative(outputs.flatten(0, 1), repeated(targets, samples));
      Tensor cotangents = each.gradient().view(samples, values.numel()).div((double) samples);
      Tensor perSample = each.losses().view(samples, -1).sum(1);
      return new Expectation(
          scope.keep(perSample.to(DType.FLOAT64).mean()),
          scope.keep(jacobian.transposeProduct(cotangents)),
          scope.keep(at.functionWeightedHvp(cotangents, deviations)),
          scope.keep(outputs));
    }
  }

  /** The targets S times over. */
  private static Tensor repeated(Tensor targets, long samples) {
    long[] shape = targets.shape();
    long[] wide = new long[shape.length + 1];
    System.arraycopy(shape, 0, wide, 1, shape.length);
    wide[0] = samples;
    return targets.unsqueeze(0).expand(wide).flatten(0, 1);
  }
}
