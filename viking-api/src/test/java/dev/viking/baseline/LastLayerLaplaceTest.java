package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.func.Func;
import dev.viking.nn.Activation;
import dev.viking.nn.Linear;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Hessian against a dense one by transforms, the evidence against its definition. */
@ExtendWith(LiveHandles.class)
class LastLayerLaplaceTest {
  private static final Method START = MapEstimate.paper();

  private static Sequential model(boolean biased) {
    Linear last = new Linear("last", 5, 3);
    return Sequential.of(
        new long[] {2},
        List.of(new Linear("first", 2, 5), Activation.TANH, biased ? last : last.withoutBias()));
  }

  private static FitContext context(Sequential model) {
    return FitContext.of(model, Blobs.LOSS, Blobs.data(DType.FLOAT64), 4)
        .on(DType.FLOAT64, Device.CPU);
  }

  /** Start with weights that a trained network could have. */
  private static Tensor trained(Sequential model) {
    try (Rng rng = Rng.seeded(11)) {
      return Tensor.randn(rng, DType.FLOAT64, model.layout().total()).mul(0.8);
    }
  }

  /** The sum over examples of J^T (diag p - p p^T) J, J being the outputs' Jacobian. */
  private static Tensor dense(Sequential model, Tensor mean, int size) {
    TrainingData data = Blobs.data(DType.FLOAT64);
    TrainingData.Batch all = data.select(IntStream.range(0, data.size()).toArray());
    long front = mean.size(0) - size;
    Tensor fixed = mean.narrow(0, 0, front);
    Tensor jacobian =
        Func.jacrev(
            own -> model.apply(Tensor.cat(List.of(fixed, own), 0), all.inputs()),
            mean.narrow(0, front, size).cloneTensor());
    Tensor probabilities = model.apply(mean, all.inputs()).softmax(1);
    Tensor sum = Tensor.zeros(DType.FLOAT64, size, size);
    for (int n = 0; n < data.size(); n++) {
      Tensor p = probabilities.select(0, n);
      Tensor hessian = p.diagEmbed().sub(p.outer(p));
      Tensor rows = jacobian.select(0, n);
      sum.add_(rows.t().matmul(hessian).matmul(rows));
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theHessianIsTheWholeOneOfTheTrueLastLayer(boolean biased) {
    Sequential model = model(biased);
    int size = biased ? 18 : 15;
    try (Scope _ = Scope.open()) {
      Tensor mean = trained(model);
      Tensor hessian =
          LastLayerHessian.of(LastLayer.of("test", model), context(model), mean, "test");
      Tensor expected = dense(model, mean, size);
      assertThat(hessian.shape()).isEqualTo(new long[] {size, size});
      assertThat(hessian.sub(expected).abs().max().item()).isLessThan(1e-10);
      // Not only its diagonal: the defect of the code it is compared with.
      assertThat(expected.sub(expected.diagonal().diagEmbed()).norm().item()).isGreaterThan(1);
    }
  }

  @Test
  void thePrecisionHasTheLargestEvidence() {
    Sequential model = model(true);
    try (Scope _ = Scope.open()) {
      Tensor mean = trained(model);
      LastLayerPosterior fitted =
          LastLayerLaplace.of(START).fit(context(model).withInitialMean(mean));
      Tensor hessian = dense(model, mean, 18);
      Tensor own = mean.narrow(0, mean.size(0) - 18, 18);
      double alpha = fitted.diagnostics().get("prior_precision");
      double best = evidence(hessian, own, alpha);
      assertThat(fitted.diagnostics().get("log_evidence_ratio")).isCloseTo(best, within(1e-8));
      for (double factor : new double[] {0.01, 0.5, 0.99, 1.01, 2, 100}) {
        assertThat(evidence(hessian, own, alpha * factor)).as("%s", factor).isLessThan(best);
      }
      Tensor inverse = hessian.add(Tensor.eye(18, DType.FLOAT64, Device.CPU).mul(alpha)).inv();
      Tensor covariance = fitted.factor().matmul(fitted.factor().t());
      assertThat(covariance.sub(inverse).abs().max().item())
          .isLessThan(1e-10 * inverse.abs().max().item());
      double effective = 18 - alpha * inverse.trace().item();
      assertThat(fitted.diagnostics().get("effective_parameters"))
          .isCloseTo(effective, within(1e-8));

      LastLayerPosterior given =
          new LastLayerLaplace("LL", START, 2.5, LastLayerLaplace.OutputDistribution.SAMPLED)
              .fit(context(model).withInitialMean(mean));
      assertThat(given.diagnostics().get("prior_precision")).isCloseTo(2.5, within(1e-12));
    }
  }

  private static double evidence(Tensor hessian, Tensor own, double alpha) {
    long size = own.size(0);
    Tensor damped = hessian.add(Tensor.eye(size, DType.FLOAT64, Device.CPU).mul(alpha));
    return 0.5
        * (size * Math.log(alpha)
            - alpha * own.square().sum().item()
            - damped.slogdet().logabsdet().item());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void outputsAreGaussianWithTheLinearMapsCovariance(boolean biased) {
    Sequential model = model(biased);
    int size = biased ? 18 : 15;
    try (Scope _ = Scope.open()) {
      Tensor mean = trained(model);
      FitContext context = context(model).withInitialMean(mean);
      LastLayerPosterior fitted = LastLayerLaplace.of(START).fit(context);
      Tensor inputs = Blobs.inputs(3, 4, DType.FLOAT64);
      Tensor fixed = mean.narrow(0, 0, mean.size(0) - size);
      Tensor jacobian =
          Func.jacrev(
                  own -> model.apply(Tensor.cat(List.of(fixed, own), 0), inputs),
                  mean.narrow(0, mean.size(0) - size, size).cloneTensor())
              .reshape(12, size);
      Tensor factor = jacobian.matmul(fitted.factor());
      Tensor covariance = factor.matmul(factor.t());
      Tensor outputs = model.apply(mean, inputs);

      DrawRequest request = DrawRequest.of(Blobs.LOSS, Blobs.data(DType.FLOAT64), 40_000, 1);
      Tensor sampled = fitted.draw(request).predict(inputs).outputs().reshape(40_000, 12);
      Tensor apart = sampled.sub(outputs.reshape(12));
      assertThat(apart.t().matmul(apart).div(40_000.0).sub(covariance).norm().item())
          .isLessThan(0.03 * covariance.norm().item());
      assertThat(apart.mean(0).abs().max().item())
          .isLessThan(0.03 * Math.sqrt(covariance.diagonal().max().item()));

      LastLayerPosterior probit = LastLayerLaplace.probit(START).fit(context);
      PosteriorDraw draw = probit.draw(request);
      assertThat(draw.count()).isEqualTo(1);
      Tensor expected =
          outputs.div(covariance.diagonal().view(4, 3).mul(Math.PI / 8).add(1.0).sqrt());
      assertThat(draw.predict(inputs).outputs().select(0, 0).sub(expected).abs().max().item())
          .isLessThan(1e-10);
    }
  }

  @Test
  void otherModelsAreRefused() {
    Method laplace = LastLayerLaplace.of(START);
    Sequential single = Mlp.of(new int[] {2, 3}, Activation.TANH);
    Sequential ends =
        Sequential.of(new long[] {2}, List.of(new Linear("only", 2, 3), Activation.TANH));
    try (Scope _ = Scope.open()) {
      for (Sequential model : List.of(single, ends)) {
        assertThatThrownBy(
                () ->
                    laplace.fit(
                        FitContext.of(
                            model, Losses.softmaxCrossEntropy(), Blobs.data(DType.FLOAT32), 1)))
            .isInstanceOf(ArgumentException.class)
            .hasMessageContaining("a linear layer after others with parameters is needed");
      }
    }
  }
}
