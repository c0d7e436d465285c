package dev.viking.examples;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.posterior.TrainerState;
import dev.viking.torch.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The complete state of an unfinished training as one safetensors file.
 *
 * @param state what the trainer needs; its tensors belong to the scope in which it was read
 * @param history the training history so far
 * @param seconds how long training has taken so far
 */
record TrainingCheckpoint(TrainerState state, TrainingHistory history, double seconds) {
  private static final String TRAINER = "trainer.";

  /** What is trained. */
  enum Phase {
    /** The network that the posterior's other stages start from, when it has batch norms. */
    FIRST_STAGE,
    /** The posterior. */
    VIKING,
    /** The network to compare it with. */
    MAP
  }

  /**
   * Which training a checkpoint belongs to.
   *
   * @param seed its seed
   * @param phase what it trains
   */
  record Key(long seed, Phase phase) {}

  static void write(
      Path file, Key key, TrainerState state, TrainingHistory history, double seconds) {
    CheckpointBuilder builder =
        Checkpoint.builder()
            .metadata("format", "viking-checkpoint-1")
            .metadata("run.seed", Long.toString(key.seed()))
            .metadata("run.phase", key.phase().name())
            .metadata("run.seconds", Double.toString(seconds));
    state.texts().forEach((name, text) -> builder.metadata(TRAINER + name, text));
    state.tensors().forEach((name, tensor) -> builder.put(TRAINER + name, tensor));
    history.write(builder);
    builder.write(file);
  }

  /** Reads a checkpoint into the current scope; null when there is none, or of another training. */
  static @Nullable TrainingCheckpoint read(Path file, Key key) {
    if (!Files.exists(file)) {
      return null;
    }
    try (Checkpoint checkpoint = Checkpoint.read(file)) {
      Map<String, String> all = checkpoint.metadata();
      if (!"viking-checkpoint-1".equals(all.get("format"))) {
        throw new UsageException(
            file + ": format is " + all.get("format") + "; a training checkpoint is needed");
      }
      if (!Long.toString(key.seed()).equals(all.get("run.seed"))
          || !key.phase().name().equals(all.get("run.phase"))) {
        return null;
      }
      Map<String, Tensor> tensors = new HashMap<>();
      for (String name : checkpoint.names()) {
        if (name.startsWith(TRAINER)) {
          tensors.put(name.substring(TRAINER.length()), checkpoint.tensor(name));
        }
      }
      Map<String, String> texts = new HashMap<>();
      all.forEach(
          (name, text) -> {
            if (name.startsWith(TRAINER)) {
              texts.put(name.substring(TRAINER.length()), text);
            }
          });
      double seconds = Double.parseDouble(all.getOrDefault("run.seconds", "0"));
      return new TrainingCheckpoint(
          new TrainerState(tensors, texts), TrainingHistory.read(checkpoint), seconds);
    } catch (NumberFormatException e) {
      throw new UsageException(file + ": run.seconds is no number");
    }
  }

  /** Where training stands, for a message. */
  String place() {
    return String.format(
        Locale.ROOT,
        "stage %s, epoch %d, step %d",
        state.text("stage"),
        state.number("epoch") + 1,
        state.number("step"));
  }
}
