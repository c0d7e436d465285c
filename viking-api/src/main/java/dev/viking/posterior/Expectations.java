package dev.viking.posterior;

import dev.viking.func.Func;
import dev.viking.func.ValueAndGrad;
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

  /** Predictions f(mean, x) + J (theta_s - mean), J being the outputs' Jacobian at the mean. */
  static Expectation linearised(Linearisation at, Loss loss, Tensor deviations, Tensor targets) {
    long samples = deviations.size(0);
    try (Scope scope = Scope.open()) {
      Tensor outputs = at.functionJvp(deviations).add(at.outputs());
      List<Tensor> values = new ArrayList<>();
      List<Tensor> slopes = new ArrayList<>();
      for (long s = 0; s < samples; s++) {
        ValueAndGrad result =
            Func.valueAndGrad(o -> loss.perExample(o, targets).sum(), outputs.select(0, s));
        values.add(result.value().to(DType.FLOAT64));
        slopes.add(result.gradient());
      }
      Tensor cotangents = Tensor.stack(slopes, 0).div((double) samples);
      return new Expectation(
          scope.keep(Tensor.stack(values, 0).mean()),
          scope.keep(at.functionVjp(cotangents)),
          scope.keep(at.functionWeightedHvp(cotangents.flatten(1, -1), deviations)),
          scope.keep(outputs));
    }
  }
}
