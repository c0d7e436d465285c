package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.nn.Activation;
import dev.viking.nn.BatchNorm2d;
import dev.viking.nn.BatchStatistics;
import dev.viking.nn.Conv2d;
import dev.viking.nn.Flatten;
import dev.viking.nn.Gradients;
import dev.viking.nn.Linear;
import dev.viking.nn.Sequential;
import dev.viking.nn.Sgd;
import dev.viking.posterior.EpochOrder;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.Predictor;
import dev.viking.posterior.Stage;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Moments against those of stored iterates, samples against their covariance. */
@ExtendWith(LiveHandles.class)
class SwagTest {
  private static final MapEstimate START = MapEstimate.paper();

  @Test
  void momentsAreThoseOfTheIterates() {
    try (Scope _ = Scope.open();
        Sgd optimizer = new Sgd(0.05, 0.9, false, 3e-4)) {
      TrainingData data = Blobs.data(DType.FLOAT32);
      Tensor start = MapEstimate.paper().fit(Blobs.context(1)).pointEstimate();
      Swag swag = new Swag("SWAG", START, 4, 8, 0.05, 0.9, 3e-4, 2, 3);
      SwagPosterior fitted = swag.fit(Blobs.context(6).withInitialMean(start));

      Tensor state = start.cloneTensor();
      List<Tensor> iterates = new ArrayList<>();
      for (int epoch = 0; epoch < 4; epoch++) {
        EpochOrder order = new EpochOrder(6, Stage.MLE, epoch, data.size(), 8);
        for (int step = 0; step < order.steps(); step++) {
          TrainingData.Batch batch = data.select(order.batch(step));
          optimizer.step(
              state,
              Gradients.mean(Blobs.MODEL, Blobs.LOSS, state, batch.inputs(), batch.targets())
                  .gradient());
          if (step == 2 || step == 5) {
            iterates.add(state.to(DType.FLOAT64));
          }
        }
      }
      assertThat(iterates).hasSize(8);
      Tensor all = Tensor.stack(iterates, 0);
      close(fitted.mean(), all.mean(0), 1e-6);
      close(fitted.variance(), all.var(new long[] {0}, 0, false), 1e-7);
      assertThat(fitted.deviations().size(0)).isEqualTo(3);
      for (int k = 0; k < 3; k++) {
        Tensor running = all.narrow(0, 0, 6 + k).mean(0);
        close(fitted.deviations().select(0, k), all.select(0, 5 + k).sub(running), 1e-6);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4})
  void samplesHaveTheCovarianceOfThePaper(int rank) {
    long size = Blobs.MODEL.layout().total();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(2)) {
      Tensor mean = Tensor.randn(rng, DType.FLOAT64, size);
      Tensor variance = Tensor.randn(rng, DType.FLOAT64, size).square();
      Tensor deviations =
          rank == 0
              ? Tensor.zeros(DType.FLOAT64, 1, size)
              : Tensor.randn(rng, DType.FLOAT64, rank, size);
      SwagPosterior posterior =
          new SwagPosterior(
              new FitDescription("SWAG", Map.of(), Blobs.MODEL), mean, variance, deviations);
      int count = 60_000;
      Tensor apart = posterior.sample(count, rng).sub(mean);
      Tensor covariance = apart.t().matmul(apart).div((double) count);
      Tensor expected =
          rank == 0
              ? variance.diagEmbed()
              : variance
                  .mul(0.5)
                  .diagEmbed()
                  .add(deviations.t().matmul(deviations).div(2.0 * (rank - 1)));
      assertThat(covariance.sub(expected).norm().item()).isLessThan(0.05 * expected.norm().item());
    }
  }

  @Test
  void statisticsOfBatchNormsAreEstimatedAnewForEachSample() {
    Sequential model =
        Sequential.of(
            new long[] {1, 4, 4},
            List.of(
                new Conv2d("conv", 1, 3, 3),
                new BatchNorm2d("bn", 3),
                Activation.RELU,
                new Flatten(),
                new Linear("fc", 12, 3)));
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(5)) {
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, 30, 1, 4, 4).mul(3.0).add(2.0);
      TrainingData data = TrainingData.of(inputs, Tensor.randint(rng, 0, 3, 30));
      SwagPosterior fitted =
          Swag.lowRank(START, 3, 10, 0.01).fit(FitContext.of(model, Blobs.LOSS, data, 1));
      PosteriorDraw draw = fitted.draw(DrawRequest.of(Blobs.LOSS, data, 2, 9));
      Tensor parameters = ((ParameterDraw) draw).parameters();
      for (int s = 0; s < 2; s++) {
        Tensor own = parameters.select(0, s);
        Sequential estimated = BatchStatistics.estimate(model, own, List.of(inputs));
        Tensor expected =
            new Predictor(estimated, Predictions.SAMPLED).predict(own, inputs).outputs();
        close(draw.predict(inputs).outputs().select(0, s), expected.select(0, 0), 1e-4);
        Tensor without = new Predictor(model, Predictions.SAMPLED).predict(own, inputs).outputs();
        assertThat(without.sub(expected).abs().max().item()).isGreaterThan(0.1);
      }
    }
  }

  @Test
  void badSettingsAreRefused() {
    assertThatThrownBy(() -> new Swag("SWAG", START, 4, 8, 0.05, 0.9, 0, 1, 1))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("rank is 1; 0 or at least 2");
    assertThatThrownBy(() -> Swag.diagonal(START, 4, 8, 0))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("learningRate is 0.0");
  }

  private static void close(Tensor actual, Tensor expected, double tolerance) {
    assertThat(actual.to(DType.FLOAT64).sub(expected.to(DType.FLOAT64)).abs().max().item())
        .isLessThan(tolerance);
  }
}
