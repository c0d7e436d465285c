package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.posterior.LearningRateSchedule;
import dev.viking.posterior.StepRecord;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingListener;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every method keeps to. A new method gets one line here. */
@ExtendWith(LiveHandles.class)
class MethodContractTest {
  private static final int SAMPLES = 4;

  @TempDir Path folder;

  static Stream<Method> methods() {
    TrainerOptions options =
        TrainerOptions.exact()
            .batchSize(8)
            .mleEpochs(3)
            .sigmaEpochs(1)
            .elboEpochs(2)
            .mleLearningRate(1e-2)
            .build();
    MapEstimate map = MapEstimate.asLongAs(options, 1.0);
    return Stream.of(
        map,
        Viking.of(options),
        new Ivon("IVON", 8, 8, 0.1, LearningRateSchedule.COSINE, 1, 0, 1, 0.9, 0.999, 1e-3),
        Swag.lowRank(map, 4, 8, 0.05),
        Swag.diagonal(map, 4, 8, 0.05),
        LastLayerLaplace.of(map),
        LastLayerLaplace.probit(map),
        Mixture.deepEnsemble(3, map),
        Mixture.of(2, Viking.of(options)),
        Mixture.of(2, Swag.lowRank(map, 4, 8, 0.05)),
        ProjectionSampling.loss(map, 2),
        ProjectionSampling.function(map, 2),
        Sgld.cyclic(20, 8, 0.1, 2, 2, 1.0),
        new Sgld("pSGLD", 20, 8, 0.003, Sgld.Schedule.CONSTANT, 1, 10, 4, 1.0, 1.0, true));
  }

  private static PosteriorDraw draw(FittedPosterior fitted, long seed) {
    return fitted.draw(DrawRequest.of(Blobs.LOSS, Blobs.data(DType.FLOAT32), SAMPLES, seed));
  }

  private static double[] predictions(FittedPosterior fitted, long seed) {
    try (Scope _ = Scope.open()) {
      Tensor inputs = Blobs.inputs(99, 9, DType.FLOAT32);
      return draw(fitted, seed).predict(inputs).outputs().toDoubleArray();
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void sameSeedSameNumbersOtherSeedOtherNumbers(Method method) {
    try (Scope _ = Scope.open()) {
      double[] first = predictions(method.fit(Blobs.context(3)), 5);
      assertThat(predictions(method.fit(Blobs.context(3)), 5)).isEqualTo(first);
      assertThat(predictions(method.fit(Blobs.context(4)), 5)).isNotEqualTo(first);
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void aSavedPosteriorPredictsTheSameBits(Method method) {
    Path file = folder.resolve("fitted.safetensors");
    try (Scope _ = Scope.open()) {
      FittedPosterior fitted = method.fit(Blobs.context(3));
      fitted.save(file);
      FittedPosterior read = Methods.load(file, Device.CPU);
      assertThat(read.description().method()).isEqualTo(method.name());
      assertThat(read.description().hyperparameters()).isEqualTo(method.hyperparameters());
      assertThat(read.kind()).isEqualTo(fitted.kind());
      assertThat(predictions(read, 8)).isEqualTo(predictions(fitted, 8));
      FittedPosterior withModel = Methods.load(file, Blobs.MODEL, Device.CPU);
      assertThat(predictions(withModel, 8)).isEqualTo(predictions(fitted, 8));
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void aTestSetInPiecesIsPredictedBySameSamples(Method method) {
    try (Scope _ = Scope.open()) {
      PosteriorDraw draw = draw(method.fit(Blobs.context(3)), 1);
      Tensor inputs = Blobs.inputs(99, 10, DType.FLOAT32);
      Tensor whole = draw.predict(inputs).outputs();
      Tensor first = draw.predict(inputs.narrow(0, 0, 4)).outputs();
      Tensor second = draw.predict(inputs.narrow(0, 4, 6)).outputs();
      Tensor pieces = Tensor.cat(List.of(first, second), 1);
      assertThat(whole.shape()).isEqualTo(new long[] {draw.count(), 10, 3});
      assertThat(pieces.sub(whole).abs().max().item()).isLessThan(1e-5);
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void itLearns(Method method) {
    try (Scope _ = Scope.open()) {
      Tensor inputs = Blobs.inputs(99, 60, DType.FLOAT32);
      Tensor mean = draw(method.fit(Blobs.context(3)), 1).predict(inputs).meanProbabilities();
      long[] predicted = mean.argmax(1, false).toLongArray();
      long right = 0;
      for (int i = 0; i < predicted.length; i++) {
        right += predicted[i] == i % 3 ? 1 : 0;
      }
      assertThat(right).as(Arrays.toString(predicted)).isGreaterThan(45);
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void theListenerSeesStepsAndStopsTheFit(Method method) {
    AtomicInteger seen = new AtomicInteger();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(StepRecord step) {
            seen.incrementAndGet();
          }

          @Override
          public boolean wantsStop() {
            return seen.get() > 0;
          }
        };
    try (Scope _ = Scope.open()) {
      FitContext context = Blobs.context(3).withListener(listener);
      assertThatThrownBy(() -> method.fit(context))
          .isInstanceOf(FitStoppedException.class)
          .hasMessageContaining("stopped by the listener");
    }
    assertThat(seen.get()).isEqualTo(1);
  }
}
