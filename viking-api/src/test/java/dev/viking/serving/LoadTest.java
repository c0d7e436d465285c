package dev.viking.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.checkpoint.MalformedCheckpointException;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.SavedPosterior;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** From a file to predictions. */
@ExtendWith(LiveHandles.class)
class LoadTest {
  private static final PredictorOptions OPTIONS = PredictorOptions.of(Likelihood.REGRESSION);
  @TempDir private Path folder;

  private Path written(boolean withModel, boolean withSamples) {
    Path file = folder.resolve("posterior.safetensors");
    try (Scope _ = Scope.open()) {
      Posteriors made = Posteriors.mlp(5);
      SavedPosterior saved = SavedPosterior.of(made.posterior());
      saved = withModel ? saved.withModel(made.model()) : saved;
      saved = withSamples ? saved.withSamples(made.samples()) : saved;
      saved.write(file);
    }
    return file;
  }

  @ParameterizedTest
  @EnumSource(Predictions.class)
  void predictsWhatTheSavedPosteriorDid(Predictions kind) throws IOException {
    Path file = written(true, true);
    float[] input = new float[32];
    Random random = new Random(1);
    for (int i = 0; i < input.length; i++) {
      input[i] = (float) random.nextGaussian();
    }
    try (Scope _ = Scope.open();
        CompiledPredictor loaded = CompiledPredictor.load(file, OPTIONS.withKind(kind));
        CompiledPredictor made = Posteriors.mlp(5).compile(OPTIONS.withKind(kind))) {
      // Nothing of the file is used any more.
      Files.delete(file);
      Prediction got = loaded.prediction(1);
      Prediction wanted = made.prediction(1);
      loaded.predict(input, got);
      made.predict(input, wanted);
      assertThat(loaded.path()).isEqualTo(ExecutionPath.COMPILED);
      assertThat(loaded.samples()).isEqualTo(5);
      assertThat(got.mean(0, 0)).isEqualTo(wanted.mean(0, 0));
      assertThat(got.variance(0, 0)).isEqualTo(wanted.variance(0, 0)).isPositive();
    }
  }

  @Test
  void saysWhatTheFileLacks() throws IOException {
    assertThatThrownBy(() -> CompiledPredictor.load(written(true, false), OPTIONS))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("posterior.safetensors has no samples")
        .hasMessageContaining("withSamples");
    assertThatThrownBy(() -> CompiledPredictor.load(written(false, true), OPTIONS))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("posterior.safetensors describes no model");
    assertThatThrownBy(() -> CompiledPredictor.load(folder.resolve("none"), OPTIONS))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("none");
    Path damaged = Files.writeString(folder.resolve("damaged"), "not a checkpoint");
    assertThatThrownBy(() -> CompiledPredictor.load(damaged, OPTIONS))
        .isInstanceOf(MalformedCheckpointException.class);
  }
}
