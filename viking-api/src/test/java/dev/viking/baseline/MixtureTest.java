package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.checkpoint.UnsupportedCheckpointException;
import dev.viking.nn.Activation;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.TrainerOptions;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LiveHandles.class)
class MixtureTest {
  private static final TrainerOptions OPTIONS =
      TrainerOptions.exact().batchSize(8).mleEpochs(1).sigmaEpochs(0).elboEpochs(1).build();
  private static final MapEstimate MAP = MapEstimate.asLongAs(OPTIONS, 1.0);
  private static final Viking VIKING = Viking.of(OPTIONS);

  @TempDir Path folder;

  private static PosteriorDraw draw(FittedPosterior fitted, int count, long seed) {
    return fitted.draw(DrawRequest.of(Blobs.LOSS, Blobs.data(DType.FLOAT32), count, seed));
  }

  private static Tensor inputs() {
    return Blobs.inputs(99, 9, DType.FLOAT32);
  }

  @Test
  void anEnsembleIsItsMembersTrainedAlone() {
    try (Scope _ = Scope.open()) {
      MixturePosterior ensemble = Mixture.deepEnsemble(3, MAP).fit(Blobs.context(5));
      List<Tensor> alone = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        PointPosterior member = MAP.fit(Blobs.context(Mixture.memberSeed(5, i)));
        alone.add(draw(member, 1, 0).predict(inputs()).outputs());
      }
      assertThat(draw(ensemble, 100, 0).predict(inputs()).outputs().toDoubleArray())
          .isEqualTo(Tensor.cat(alone, 0).toDoubleArray());
      assertThat(alone.get(0).sub(alone.get(1)).abs().max().item()).isGreaterThan(0.1);
      assertThat(ensemble.diagnostics()).isEqualTo(Map.of("members", 3.0));
      assertThat(ensemble.pointEstimate()).isNull();
    }
  }

  @Test
  void samplesAreThoseOfTheMembersInEqualParts() {
    try (Scope _ = Scope.open()) {
      Mixture method = Mixture.of(3, VIKING);
      MixturePosterior mixture = method.fit(Blobs.context(5));
      PosteriorDraw together = draw(mixture, 5, 11);
      List<Tensor> alone = new ArrayList<>();
      List<Double> shares = new ArrayList<>();
      int[] counts = {2, 2, 1};
      for (int i = 0; i < 3; i++) {
        FittedPosterior member = VIKING.fit(Blobs.context(Mixture.memberSeed(5, i)));
        PosteriorDraw own = draw(member, counts[i], Mixture.memberSeed(11, i));
        alone.add(own.predict(inputs()).outputs());
        shares.add(own.diagnostics().get("kernel_share"));
      }
      assertThat(together.count()).isEqualTo(5);
      assertThat(together.predict(inputs()).members()).containsExactly(2, 2, 1);
      assertThat(together.predict(inputs()).outputs().toDoubleArray())
          .isEqualTo(Tensor.cat(alone, 0).toDoubleArray());
      assertThat(together.diagnostics().get("kernel_share"))
          .isCloseTo((shares.get(0) + shares.get(1) + shares.get(2)) / 3, within(1e-12));
      assertThat(mixture.diagnostics()).containsKeys("members", "sigma_ker", "sigma_im");

      // Fewer samples than members: the first members, one each.
      PosteriorDraw few = draw(mixture, 2, 11);
      assertThat(few.count()).isEqualTo(2);
      assertThat(few.predict(inputs()).outputs().select(0, 1).toDoubleArray())
          .isEqualTo(
              draw(mixture.members().get(1), 1, Mixture.memberSeed(11, 1))
                  .predict(inputs())
                  .outputs()
                  .select(0, 0)
                  .toDoubleArray());
    }
  }

  @Test
  void anInitialMeanIsTheFirstMembersOnly() {
    try (Scope _ = Scope.open()) {
      Swag swag = Swag.diagonal(MAP, 2, 8, 0.05);
      Mixture method = Mixture.of(2, swag);
      assertThat(method.base()).isEqualTo(MAP);
      MixturePosterior own = method.fit(Blobs.context(7));
      Tensor start = MAP.fit(Blobs.context(7)).pointEstimate();
      MixturePosterior given = method.fit(Blobs.context(7).withInitialMean(start));
      assertThat(values(given)).isEqualTo(values(own));
      MixturePosterior other = method.fit(Blobs.context(7).withInitialMean(start.mul(2)));
      assertThat(values(other).get(0)).isNotEqualTo(values(own).get(0));
      assertThat(values(other).get(1)).isEqualTo(values(own).get(1));
    }
  }

  @Test
  void posteriorsThatAreThereMakeTheSameMixtureAndAMembersSettingsOfDrawsAreItsOwn() {
    try (Scope _ = Scope.open()) {
      Mixture method = Mixture.of(2, VIKING);
      MixturePosterior whole = method.fit(Blobs.context(3));
      List<FittedPosterior> fitted = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        fitted.add(VIKING.fit(Blobs.context(Mixture.memberSeed(3, i))));
      }
      MixturePosterior composed = method.posterior(fitted);
      assertThat(composed.description()).isEqualTo(whole.description());
      assertThat(draw(composed, 4, 1).predict(inputs()).outputs().toDoubleArray())
          .isEqualTo(draw(whole, 4, 1).predict(inputs()).outputs().toDoubleArray());
      assertThatThrownBy(() -> Mixture.of(3, VIKING).posterior(fitted))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("2 given; 3 are needed");

      ProjectionSettings few = VIKING.draw().withExamples(5);
      Mixture other = Mixture.of(2, new Viking(VIKING.name(), OPTIONS, few, false));
      String changed =
          other.hyperparameters().keySet().stream()
              .filter(name -> !other.hyperparameters().get(name).equals(setting(method, name)))
              .reduce("", String::concat);
      assertThat(method.isDrawSetting(changed)).isTrue();
      MixturePosterior adopted = (MixturePosterior) other.adopt(whole);
      assertThat(adopted.members())
          .allSatisfy(
              member -> assertThat(((KernelImageFit) member).settings().examples()).isEqualTo(5));
    }
  }

  private static String setting(Method method, String name) {
    return method.hyperparameters().getOrDefault(name, "");
  }

  private static List<List<Double>> values(MixturePosterior mixture) {
    return mixture.members().stream()
        .map(
            member -> {
              List<Double> all = new ArrayList<>();
              for (Tensor tensor : member.tensors().values()) {
                for (double value : tensor.toDoubleArray()) {
                  all.add(value);
                }
              }
              return all;
            })
        .toList();
  }

  @Test
  void whatCannotBeAMixtureIsRefused() {
    assertThatThrownBy(() -> Mixture.of(0, MAP))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("members is 0; at least 1 is needed");
    assertThatThrownBy(() -> Mixture.of(2, Mixture.of(3, MAP)))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("member is Mixture of MAP, a mixture");
    Sequential larger = Mlp.of(new int[] {2, 7, 3}, Activation.TANH);
    try (Scope _ = Scope.open()) {
      FitContext other = FitContext.of(larger, Blobs.LOSS, Blobs.data(DType.FLOAT32), 1);
      List<FittedPosterior> differ = List.of(MAP.fit(Blobs.context(1)), MAP.fit(other));
      assertThatThrownBy(() -> Mixture.of(2, MAP).posterior(differ))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("[7, 2]")
          .hasMessageContaining("[6, 2]");
    }
  }

  @Test
  void eachSectionOfTheFileIsAFileOfItsMember() {
    Path file = folder.resolve("mixture.safetensors");
    try (Scope _ = Scope.open()) {
      MixturePosterior fitted = Mixture.of(2, VIKING).fit(Blobs.context(3));
      fitted.save(file);
      try (Checkpoint checkpoint = Checkpoint.read(file);
          Checkpoint section = checkpoint.section("member.1.")) {
        assertThat(section.tensor("mean").toDoubleArray())
            .isEqualTo(
                ((KernelImageFit) fitted.members().get(1)).posterior().mean().toDoubleArray());
      }
      MixturePosterior read = (MixturePosterior) Methods.load(file, Device.CPU);
      assertThat(values(read)).isEqualTo(values(fitted));
    }
  }

  @Test
  void aDamagedFileIsRefused() {
    refused("members is \"\"; needed a number from 1", builder -> {});
    refused("members is \"9999\"", builder -> builder.metadata("members", "9999"));
    refused("members is \"-1\"", builder -> builder.metadata("members", "-1"));
    refused(
        "[member.0.]: format is null; needed viking-method",
        builder -> builder.metadata("members", "1"));
    refused(
        "[member.0.]: kind is \"mixture\"; needed one that is none",
        builder -> {
          builder.metadata("members", "1");
          header(builder.section("member.0."));
        });
    refused(
        "[member.1.]: there is no array parameters",
        builder -> {
          builder.metadata("members", "2");
          point(builder.section("member.0."));
          header(builder.section("member.1.").metadata("members", "1")).metadata("kind", "point");
        });
    refused(
        "[member.0.]: its parameters are",
        builder -> {
          builder.metadata("members", "1");
          Sequential larger = Mlp.of(new int[] {2, 7, 3}, Activation.TANH);
          CheckpointBuilder section = builder.section("member.0.");
          section
              .metadata("format", "viking-method")
              .metadata("format_version", "1")
              .metadata("kind", "point")
              .metadata("method", "MAP")
              .model(larger)
              .put("parameters", new float[(int) larger.layout().total()], larger.layout().total());
        });
  }

  private static CheckpointBuilder header(CheckpointBuilder builder) {
    return builder
        .metadata("format", "viking-method")
        .metadata("format_version", "1")
        .metadata("kind", "mixture")
        .metadata("method", "any")
        .model(Blobs.MODEL);
  }

  private static void point(CheckpointBuilder builder) {
    long size = Blobs.MODEL.layout().total();
    header(builder).metadata("kind", "point").put("parameters", new float[(int) size], size);
  }

  private void refused(String message, Consumer<CheckpointBuilder> content) {
    Path file = folder.resolve("damaged.safetensors");
    CheckpointBuilder builder = header(Checkpoint.builder());
    content.accept(builder);
    builder.write(file);
    try (Scope _ = Scope.open()) {
      assertThatThrownBy(() -> Methods.load(file, Device.CPU))
          .isInstanceOf(UnsupportedCheckpointException.class)
          .hasMessageContaining(message);
    }
  }
}
