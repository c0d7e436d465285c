package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.viking.nn.Activation;
import dev.viking.nn.BatchNorm2d;
import dev.viking.nn.BatchStatistics;
import dev.viking.nn.ChannelStatistics;
import dev.viking.nn.Conv2d;
import dev.viking.nn.GlobalAvgPool2d;
import dev.viking.nn.Linear;
import dev.viking.nn.Sequential;
import dev.viking.posterior.LearningRateSchedule;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A network with a batch norm, whose inputs are far from normalised, under every method. */
@ExtendWith(LiveHandles.class)
class BatchNormsTest {
  private static final int COUNT = 48;
  private static final Sequential MODEL =
      Sequential.of(
          new long[] {1, 6, 6},
          List.of(
              new Conv2d("conv", 1, 4, 3),
              new BatchNorm2d("bn", 4),
              Activation.RELU,
              new GlobalAvgPool2d(),
              new Linear("fc", 4, 2)));

  @TempDir Path folder;

  /** Stripes one way or the other, on a level of 30. */
  private static TrainingData data() {
    try (Rng rng = Rng.seeded(12)) {
      Tensor stripes = Tensor.of(1f, -1f, 1f, -1f, 1f, -1f);
      Tensor labels = Tensor.arange(0, COUNT, 1, DType.INT64).remainder(2L);
      Tensor lying = stripes.view(1, 1, 6, 1).expand(COUNT, 1, 6, 6);
      Tensor standing = stripes.view(1, 1, 1, 6).expand(COUNT, 1, 6, 6);
      Tensor which = labels.to(DType.FLOAT32).view(COUNT, 1, 1, 1);
      Tensor inputs =
          lying
              .mul(which)
              .add(standing.mul(which.rsub(1.0)))
              .add(Tensor.randn(rng, DType.FLOAT32, COUNT, 1, 6, 6).mul(0.3))
              .add(30.0);
      return TrainingData.of(inputs, labels);
    }
  }

  static Stream<Method> methods() {
    TrainerOptions options =
        TrainerOptions.exact()
            .batchSize(12)
            .mleEpochs(20)
            .sigmaEpochs(1)
            .elboEpochs(2)
            .mleLearningRate(2e-2)
            .logPrecision(6)
            .logScaleImage(-4)
            .build();
    MapEstimate map = MapEstimate.asLongAs(options, 1e-3);
    return Stream.of(
        map,
        Viking.of(options),
        Viking.of(options).withBatchExpectation(true),
        new Ivon("IVON", 30, 12, 0.1, LearningRateSchedule.COSINE, 1, 0, 5, 0.9, 0.999, 1e-3),
        Swag.lowRank(map, 4, 12, 0.01),
        LastLayerLaplace.of(map),
        Mixture.deepEnsemble(2, map),
        Mixture.of(2, Viking.of(options)),
        Sgld.cyclic(40, 12, 0.2, 1, 3, 1e-3),
        ProjectionSampling.loss(map, 1));
  }

  @ParameterizedTest
  @MethodSource("methods")
  void itLearnsAndIsSavedWithTheStatisticsItPredictsWith(Method method) {
    Path file = folder.resolve("fitted.safetensors");
    try (Scope _ = Scope.open()) {
      TrainingData data = data();
      TrainingData.Batch all = data.select(IntStream.range(0, COUNT).toArray());
      FittedPosterior fitted = method.fit(FitContext.of(MODEL, Blobs.LOSS, data, 1));
      DrawRequest request = DrawRequest.of(Blobs.LOSS, data, 3, 2);
      Tensor outputs = fitted.draw(request).predict(all.inputs()).outputs();
      long right = outputs.softmax(2).mean(0).argmax(1, false).eq(all.targets()).sum().itemLong();
      assertThat(right).as("%s of %s", right, COUNT).isGreaterThan(43);
      fitted.save(file);
      Tensor read = Methods.load(file, Device.CPU).draw(request).predict(all.inputs()).outputs();
      assertThat(read.toFloatArray()).isEqualTo(outputs.toFloatArray());
    }
  }

  @Test
  void theStatisticsAreThoseOfTheParametersFound() {
    try (Scope _ = Scope.open()) {
      TrainingData data = data();
      FitContext context = FitContext.of(MODEL, Blobs.LOSS, data, 1);
      MapEstimate map = (MapEstimate) methods().findFirst().orElseThrow();
      PointPosterior fitted = map.fit(context);
      Sequential model = (Sequential) fitted.description().model();
      Tensor inputs = data.select(IntStream.range(0, COUNT).toArray()).inputs();
      ChannelStatistics expected =
          BatchStatistics.of(
                  BatchStatistics.estimate(MODEL, fitted.pointEstimate(), List.of(inputs)))
              .get("bn");
      ChannelStatistics found = BatchStatistics.of(model).get("bn");
      assertThat(found).isNotNull();
      assertThat(expected).isNotNull();
      assertThat(found.mean()).containsExactly(expected.mean(), within(1e-4));
      assertThat(found.variance()).containsExactly(expected.variance(), within(1e-4));
      assertThat(found).isNotEqualTo(ChannelStatistics.standard(4));

      // Those that a given network came with stay, where nothing is trained before them.
      ChannelStatistics given =
          new ChannelStatistics(new double[] {1, 2, 3, 4}, new double[] {5, 6, 7, 8});
      Sequential known = BatchStatistics.with(MODEL, Map.of("bn", given));
      FittedPosterior laplace =
          LastLayerLaplace.of(map)
              .fit(
                  FitContext.of(known, Blobs.LOSS, data, 1)
                      .withInitialMean(fitted.pointEstimate()));
      assertThat(BatchStatistics.of((Sequential) laplace.description().model()).get("bn"))
          .isEqualTo(given);
    }
  }
}
