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
import java.util.function.Function;

/** The data term, for both kinds of predictions. */
final class Expectations {
  private Expectations() {}

  /** Predictions f(theta_s, x): one forward and one backward pass per sample. */
  static Expectation sampled(
      Model model, Loss loss, Tensor samples, Tensor inputs, Tensor targets) {
    return sampled(
        samples, parameters -> Linearisation.of(model, loss, parameters, inputs, targets));
  }

  /** The same for the batch of a linearisation, which has done a part of the work already. */
  static Expectation sampled(Linearisation mean, Tensor samples) {
    return sampled(samples, mean::at);
  }

  /**
   * At given parameters.
   *
   * @param thetas [S, D]
   */
  private static Expectation sampled(Tensor thetas, Function<Tensor, Linearisation> at) {
    long samples = thetas.size(0);
    try (Scope scope = Scope.open()) {
      if (samples == 1) {
        Gradients.Result only = Gradients.sum(at.apply(thetas.select(0, 0)));
        return new Expectation(
            scope.keep(only.value().to(DType.FLOAT64)),
            scope.keep(only.gradient().unsqueeze(0)),
            null,
            scope.keep(only.outputs().unsqueeze(0)));
      }
      List<Tensor> values = new ArrayList<>();
      List<Tensor> gradients = new ArrayList<>();
      List<Tensor> outputs = new ArrayList<>();
      for (long s = 0; s < samples; s++) {
        Gradients.Result result = sumAt(at, thetas.select(0, s));
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

  // The intermediates of one sample are freed before the next.
  private static Gradients.Result sumAt(Function<Tensor, Linearisation> at, Tensor parameters) {
    try (Scope scope = Scope.open()) {
      Gradients.Result result = Gradients.sum(at.apply(parameters));
      scope.keep(List.of(result.value(), result.gradient(), result.outputs()));
      return result;
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
