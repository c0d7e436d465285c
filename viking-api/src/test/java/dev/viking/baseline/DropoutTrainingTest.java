package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.nn.Dropout;
import dev.viking.nn.Layer;
import dev.viking.nn.Model;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.LearningRateSchedule;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which stages of training drop, and which do not. */
@ExtendWith(LiveHandles.class)
class DropoutTrainingTest {
  private static final Sequential DROPPING = dropping();

  private static Sequential dropping() {
    List<Layer> layers = new ArrayList<>(Blobs.MODEL.layers());
    layers.add(layers.size() - 1, new Dropout(0.5));
    return Sequential.of(new long[] {2}, layers);
  }

  static Stream<Method> methods() {
    TrainerOptions options = TrainerOptions.exact().batchSize(8).mleEpochs(2).build();
    MapEstimate map = MapEstimate.asLongAs(options, 1.0);
    return Stream.of(
        map,
        new Ivon("IVON", 2, 8, 0.1, LearningRateSchedule.COSINE, 1, 0, 1, 0.9, 0.999, 1e-3),
        Swag.diagonal(map, 2, 8, 0.05),
        Sgld.cyclic(20, 8, 0.1, 2, 2, 1.0));
  }

  private static double[] fitted(Method method, Model model) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(1)) {
      // A mean to start from, so that no other method trains first.
      Tensor mean = model.initialise(rng, DType.FLOAT32, Device.CPU);
      return method
          .fit(FitContext.of(model, Blobs.LOSS, Blobs.data(DType.FLOAT32), 3).withInitialMean(mean))
          .tensors()
          .values()
          .iterator()
          .next()
          .toDoubleArray();
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void firstOrderTrainingDropsAndRepeatsItself(Method method) {
    double[] dropping = fitted(method, DROPPING);
    assertThat(dropping).isNotEqualTo(fitted(method, Blobs.MODEL));
    assertThat(fitted(method, DROPPING)).isEqualTo(dropping);
  }

  @Test
  void theStagesOfAPosteriorDoNotDrop() {
    assertThat(trained(DROPPING)).isEqualTo(trained(Blobs.MODEL));
  }

  private static double[] trained(Sequential model) {
    TrainerOptions options =
        TrainerOptions.exact().batchSize(8).mleEpochs(0).sigmaEpochs(1).elboEpochs(2).build();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(2)) {
      Tensor mean = model.initialise(rng, DType.FLOAT32, Device.CPU);
      KernelImagePosterior posterior =
          new VikingTrainer(model, Blobs.LOSS, options)
              .train(Blobs.data(DType.FLOAT32), mean)
              .posterior();
      return posterior.mean().toDoubleArray();
    }
  }
}
