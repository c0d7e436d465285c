package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.viking.data.Sinusoid;
import dev.viking.examples.KernelWalk.Weights;
import dev.viking.nn.Linearisation;
import dev.viking.nn.Losses;
import dev.viking.nn.Sequential;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingData;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import org.junit.jupiter.api.Test;

/** The numbers behind the demo's pictures. */
class DemoNumbersTest {

  /** Against the curve itself: w1 w2 stays what it is, in steps of equal length. */
  @Test
  void theWalkStaysOnTheHyperbolaAndTheLineLeavesIt() {
    Weights start = new Weights(0.8, 1.5);
    KernelWalk way = KernelWalk.from(start, 1.6, 80);
    assertThat(way.walk()).hasSize(81);
    for (int i = 1; i <= 80; i++) {
      Weights at = way.walk().get(i);
      assertThat(at.outer() * at.inner()).as("step %s", i).isCloseTo(1.2, within(1e-8));
      Weights before = way.walk().get(i - 1);
      assertThat(Math.hypot(at.outer() - before.outer(), at.inner() - before.inner()))
          .isCloseTo(0.02, within(1e-5));
    }
    assertThat(way.walk().getLast().outer()).isGreaterThan(1.7);
    assertThat(KernelWalk.change(way.walk(), 80)).isLessThan(1e-7);
    // Straight on, along (w1, -w2) / |w|: the product is a parabola.
    Weights end = way.line().getLast();
    double norm = Math.hypot(0.8, 1.5);
    assertThat(end.outer()).isCloseTo(0.8 + 1.6 * 0.8 / norm, within(1e-10));
    assertThat(end.inner()).isCloseTo(1.5 - 1.6 * 1.5 / norm, within(1e-10));
    double lost = 1.2 - end.outer() * end.inner();
    assertThat(KernelWalk.change(way.line(), 80)).isCloseTo(2 * lost, within(1e-10));
    assertThat(lost).isGreaterThan(0.5);
  }

  @Test
  void samplesOfTheLaplaceApproximationFitNothingAndTheLinearisedNetworkDoes() {
    Sequential model = RegressionDemo.model();
    Sinusoid points = Sinusoid.generate(5);
    TrainerOptions options =
        DemoOptions.fullBatch(5, points.count(), 400, 0, 1, ElboOptions.exact()).toBuilder()
            .mlePriorPrecision(1)
            .build();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5)) {
      Tensor inputs = RegressionDemo.scaledInputs(points.inputs(DType.FLOAT64));
      Tensor targets = points.targets(DType.FLOAT64).div(RegressionDemo.HEIGHT);
      Tensor mean =
          new VikingTrainer(model, Losses.gaussian(RegressionDemo.NOISE), options)
              .train(TrainingData.of(inputs, targets))
              .pointEstimate();
      int count = 4_000;
      LaplaceOnRegression laplace =
          LaplaceOnRegression.of(model, mean, inputs, RegressionDemo.NOISE, 1, count, rng);

      double ofMean = LaplaceOnRegression.error(laplace.meanAlone(inputs), targets);
      double sampled =
          LaplaceOnRegression.error(laplace.predict(Predictions.SAMPLED, inputs), targets);
      double linearised =
          LaplaceOnRegression.error(laplace.predict(Predictions.LINEARISED, inputs), targets);
      assertThat(sampled).isGreaterThan(10 * ofMean).isGreaterThan(10 * linearised);

      // The samples' covariance, seen through the outputs, against an inverse.
      try (Linearisation at = Linearisation.of(model, mean, inputs)) {
        Tensor jacobian = at.functionJacobian();
        Tensor precision =
            jacobian
                .t()
                .matmul(jacobian)
                .div(RegressionDemo.NOISE * RegressionDemo.NOISE)
                .add(Tensor.eye(mean.size(0), DType.FLOAT64, Device.CPU));
        Tensor expected = jacobian.matmul(precision.inv()).matmul(jacobian.t());
        Tensor apart =
            laplace
                .predict(Predictions.LINEARISED, inputs)
                .outputs()
                .squeeze(2)
                .sub(at.outputs().squeeze(1));
        Tensor found = apart.t().matmul(apart).div((double) count);
        assertThat(found.sub(expected).norm().item()).isLessThan(0.1 * expected.norm().item());
      }
    }
  }
}
