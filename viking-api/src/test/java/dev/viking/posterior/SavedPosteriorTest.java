package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.checkpoint.ModelDescription;
import dev.viking.checkpoint.ModelDescriptionException;
import dev.viking.checkpoint.UnsupportedCheckpointException;
import dev.viking.nn.Activation;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(LiveHandles.class)
class SavedPosteriorTest {
  private static final Sequential MODEL = Mlp.of(new int[] {2, 4, 1}, Activation.TANH);
  private static final long D = MODEL.layout().total();

  @TempDir Path folder;

  private static SavedPosterior example(Rng rng, DType dtype) {
    Tensor mean = Tensor.randn(rng, dtype, D);
    KernelImagePosterior posterior = KernelImagePosterior.of(mean, 1.25, -0.7);
    return SavedPosterior.of(posterior)
        .withModel(MODEL)
        .withSamples(
            new PosteriorSamples(Tensor.randn(rng, dtype, 3, D), Tensor.randn(rng, dtype, 3, D)))
        .withTraining(Map.of("seed", "5", "data", "two \"moons\""));
  }

  @ParameterizedTest
  @CsvSource({"FLOAT32", "FLOAT64"})
  void everythingComesBackToTheBitAndPredictsTheSame(DType dtype) {
    Path file = folder.resolve("posterior.safetensors");
    try (Rng rng = Rng.seeded(3);
        Scope _ = Scope.open()) {
      SavedPosterior saved = example(rng, dtype);
      saved.write(file);
      SavedPosterior read = SavedPosterior.read(file);
      assertThat(read.posterior().variables().toDoubleArray())
          .isEqualTo(saved.posterior().variables().toDoubleArray());
      assertThat(read.posterior().mean().dtype()).isEqualTo(dtype);
      assertThat(read.requireSamples().kernel().toDoubleArray())
          .isEqualTo(saved.requireSamples().kernel().toDoubleArray());
      assertThat(read.requireSamples().image().toDoubleArray())
          .isEqualTo(saved.requireSamples().image().toDoubleArray());
      assertThat(read.requireModel().layers()).isEqualTo(MODEL.layers());
      assertThat(read.training()).isEqualTo(saved.training());
      assertThat(read.state()).isNull();

      Tensor inputs = Tensor.randn(rng, dtype, 5, 2);
      for (Predictions kind : Predictions.values()) {
        double[] expected =
            new Predictor(MODEL, kind)
                .predict(saved.posterior(), saved.requireSamples(), inputs)
                .outputs()
                .toDoubleArray();
        assertThat(
                new Predictor(read.requireModel(), kind)
                    .predict(read.posterior(), read.requireSamples(), inputs)
                    .outputs()
                    .toDoubleArray())
            .isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"false, false", "true, true", "false, true"})
  void scalesOfAnotherLayoutComeBackAndNoOlderReaderOverlooksThem(boolean tied, boolean grouped) {
    Path file = folder.resolve("scales.safetensors");
    ScaleLayout single = tied ? ScaleLayout.TIED : ScaleLayout.FREE;
    ScaleLayout scales = grouped ? single.perLayer(MODEL.layout()) : single;
    double[] image = grouped ? new double[] {-0.5, -2.25} : new double[] {-0.5};
    double[] kernel = tied ? new double[0] : image.clone();
    try (Rng rng = Rng.seeded(3);
        Scope _ = Scope.open()) {
      Tensor mean = Tensor.randn(rng, DType.FLOAT32, D);
      SavedPosterior.of(KernelImagePosterior.of(mean, scales, 1.25, image, kernel)).write(file);
      KernelImagePosterior read = SavedPosterior.read(file).posterior();
      assertThat(read.scales()).isEqualTo(scales);
      assertThat(read.logScaleImage().toDoubleArray()).isEqualTo(image);
      assertThat(read.logPrecision().item()).isEqualTo(1.25);
      if (!tied) {
        assertThat(read.variables().narrow(0, D + 1 + image.length, kernel.length).toDoubleArray())
            .isEqualTo(kernel);
      }
      assertThat(read.mean().toFloatArray()).isEqualTo(mean.toFloatArray());
    }
    try (Checkpoint read = Checkpoint.read(file)) {
      assertThat(read.metadata()).containsEntry("format_version", "2");
    }
  }

  @Test
  void otherProgramsFindTheArraysUnderTheirDocumentedNames() {
    Path file = folder.resolve("posterior.safetensors");
    try (Rng rng = Rng.seeded(3);
        Scope _ = Scope.open()) {
      example(rng, DType.FLOAT32).write(file);
    }
    try (Checkpoint read = Checkpoint.read(file)) {
      assertThat(read.names())
          .containsExactly(
              "mean", "log_precision", "log_scale_image", "samples.kernel", "samples.image");
      assertThat(read.info("mean").shape()).containsExactly(D);
      assertThat(read.info("log_precision").shape()).isEmpty();
      assertThat(read.floats("log_scale_image")).containsExactly(-0.7f);
      assertThat(read.info("samples.kernel").shape()).containsExactly(3L, D);
      assertThat(read.metadata())
          .containsEntry("format", "viking-posterior")
          .containsEntry("format_version", "1")
          .containsEntry("training.seed", "5")
          .containsKey("model");
    }
  }

  /** Outside of every scope, as a service would hold it. */
  @Test
  void withoutAScopeTheCallerOwnsIt() {
    Path file = folder.resolve("posterior.safetensors");
    try (Rng rng = Rng.seeded(3);
        Scope _ = Scope.open()) {
      example(rng, DType.FLOAT32).write(file);
    }
    try (SavedPosterior read = SavedPosterior.read(file)) {
      assertThat(read.posterior().dimension()).isEqualTo(D);
      assertThat(read.requireSamples().count()).isEqualTo(3);
    }
    // LiveHandles finds what close() forgot.
  }

  @Test
  void aTrainingGoesOnFromTheFileAsIfItHadNotStopped() {
    Path file = folder.resolve("run.safetensors");
    TrainerOptions options =
        TrainerOptions.exact()
            .seed(2)
            .batchSize(4)
            .mleEpochs(1)
            .sigmaEpochs(1)
            .elboEpochs(2)
            .build();
    try (Rng rng = Rng.seeded(1);
        Scope _ = Scope.open()) {
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, 12, 2);
      Tensor targets = inputs.select(1, 0).sin().unsqueeze(1);
      TrainingData data = TrainingData.of(inputs, targets);
      VikingTrainer trainer = new VikingTrainer(MODEL, Losses.halfSquaredError(), options);
      double[] whole = trainer.train(data).posterior().variables().toDoubleArray();

      TrainingListener stopAtStepEight =
          new TrainingListener() {
            private int steps;

            @Override
            public void onStep(StepRecord step) {
              steps++;
            }

            @Override
            public boolean wantsStop() {
              return steps >= 8;
            }

            @Override
            public void onCheckpoint(TrainerState state) {
              SavedPosterior.of(
                      KernelImagePosterior.of(
                          state.tensor("mean"),
                          state.tensor("log_precision").item(),
                          state.tensor("log_scale_image").item()))
                  .withModel(MODEL)
                  .withState(state)
                  .write(file);
            }
          };
      VikingTrainer stopped =
          new VikingTrainer(MODEL, Losses.halfSquaredError(), options, stopAtStepEight);
      assertThat(stopped.train(data).finished()).isFalse();
      TrainerState state = SavedPosterior.read(file).state();
      assertThat(state).isNotNull();
      assertThat(trainer.resume(data, state).posterior().variables().toDoubleArray())
          .isEqualTo(whole);
    }
  }

  @Test
  void aModelOfOtherLayersIsTheReadersOwn() {
    Path file = folder.resolve("opaque.safetensors");
    try (Scope _ = Scope.open()) {
      SavedPosterior.of(KernelImagePosterior.of(Tensor.of(1f, 2f), 0, 0)).write(file);
      SavedPosterior read = SavedPosterior.read(file);
      assertThat(read.model()).isNull();
      assertThatThrownBy(read::requireModel)
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("withModel");
      assertThatThrownBy(read::requireSamples)
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("withSamples");
    }
  }

  @Test
  void partsOfAnotherSizeAreRefused() {
    try (Scope _ = Scope.open()) {
      SavedPosterior small = SavedPosterior.of(KernelImagePosterior.of(Tensor.of(1f, 2f), 0, 0));
      assertThatThrownBy(() -> small.withModel(MODEL))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("model has 17 parameters; needed the posterior's 2");
      Tensor wrong = Tensor.zeros(DType.FLOAT32, 3, 5);
      assertThatThrownBy(() -> small.withSamples(new PosteriorSamples(wrong, wrong)))
          .isInstanceOf(ShapeException.class);
    }
  }

  @Test
  void filesOfAnotherKindOrVersionAreRefused() {
    refused(Checkpoint.builder().metadata("format", "pt"), "format is pt; needed viking-posterior");
    refused(Checkpoint.builder(), "format is null");
    refused(start().metadata("format_version", "3"), "is 3; needed 1 to 2, or a newer version");
    refused(start().metadata("format_version", "one"), "is \"one\"; needed a whole number");
    refused(start(), "there is no array mean among []");
    refused(start().put("mean", new float[6], 2, 3), "mean is FLOAT32 [2, 3]; needed");
    refused(start().put("mean", new long[2], 2), "mean is INT64 [2]; needed");
    refused(good().put("log_scale_image", new float[2], 2), "log_scale_image has shape [2]");
    refused(
        good().put("log_scale_image", new float[] {Float.NaN}),
        "log_scale_image is NaN; needed a finite number");
    refused(whole().put("samples.kernel", new float[4], 2, 2), "there is no array samples.image");
    refused(
        whole().put("samples.kernel", new float[4], 2, 2).put("samples.image", new float[6], 3, 2),
        "samples are FLOAT32 [2, 2] and FLOAT32 [3, 2]; needed both FLOAT32 [S, 2]");
    refused(
        whole().put("scale_groups", new long[] {1, 2}, 2),
        "scale_groups is INT64 [2] [1, 2]; needed INT64 [G], positive numbers with the sum 2");
    refused(
        whole().put("scale_groups", new long[] {1, 1}, 2),
        "log_scale_image has shape []; needed 2 numbers");
    refused(
        whole().put("log_scale_kernel", new float[] {Float.POSITIVE_INFINITY}),
        "log_scale_kernel is Infinity; needed a finite number");
    refused(
        whole().metadata("model", ModelDescription.of(MODEL).json()),
        "mean has 2 elements; needed 17");
  }

  @Test
  void aModelFromTheFutureIsNamedAndCanBeLeftOut() {
    Path file = folder.resolve("future");
    whole()
        .metadata(
            "model",
            "{\"viking_model\":1,\"type\":\"sequential\",\"input_shape\":[2],"
                + "\"layers\":[{\"type\":\"attention\"}],\"parameters\":{}}")
        .write(file);
    try (Scope _ = Scope.open()) {
      assertThatThrownBy(() -> SavedPosterior.read(file))
          .isInstanceOf(ModelDescriptionException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("\"attention\"");
      assertThat(SavedPosterior.readWithoutModel(file, Device.CPU).posterior().dimension())
          .isEqualTo(2);
    }
  }

  private static CheckpointBuilder start() {
    return Checkpoint.builder()
        .metadata("format", "viking-posterior")
        .metadata("format_version", "1");
  }

  private static CheckpointBuilder good() {
    return start().put("mean", new float[] {1, 2}, 2).put("log_precision", new float[] {0});
  }

  private static CheckpointBuilder whole() {
    return good().put("log_scale_image", new float[] {0});
  }

  private void refused(CheckpointBuilder builder, String reason) {
    Path file = folder.resolve("refused");
    builder.write(file);
    try (Scope _ = Scope.open()) {
      assertThatThrownBy(() -> SavedPosterior.read(file))
          .isInstanceOf(UnsupportedCheckpointException.class)
          .hasMessageStartingWith(file + ": ")
          .hasMessageContaining(reason);
    }
  }
}
