package dev.viking.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/**
 * The files of one run. Each is replaced as a whole, so that no reader ever meets half a file.
 *
 * <p>With one seed the names are as below; with several they carry the seed, as in {@code
 * posterior-2.safetensors}.
 *
 * @param root the folder
 * @param several whether the run has more than one seed
 */
record RunFolder(Path root, boolean several) {

  /** All options. */
  static Path config(Path root) {
    return root.resolve("config.json");
  }

  /** The state to go on from, of the seed and phase that is being trained. */
  Path checkpoint() {
    return root.resolve("checkpoint.safetensors");
  }

  /** The network after the first stage, if it has batch norms, until the posterior is trained. */
  Path firstStage(long seed) {
    return file("first-stage", seed, ".safetensors");
  }

  /** The trained posterior. */
  Path posterior(long seed) {
    return file("posterior", seed, ".safetensors");
  }

  /** The posterior with its network and the samples that were tested, for a service. */
  Path serving(long seed) {
    return file("serving", seed, ".safetensors");
  }

  /** The trained MAP network. */
  Path map(long seed) {
    return file("map", seed, ".safetensors");
  }

  /** The evaluation of one seed. */
  Path evaluation(long seed) {
    return file("evaluation", seed, ".json");
  }

  /** All metrics. */
  Path metrics() {
    return root.resolve("metrics.json");
  }

  /** The picture of the training curves. */
  Path curvesPicture(long seed) {
    return file("training-curves", seed, ".png");
  }

  /** The picture of the reliability diagram. */
  Path reliabilityPicture(long seed) {
    return file("reliability", seed, ".png");
  }

  private Path file(String stem, long seed, String suffix) {
    return root.resolve(several ? stem + "-" + seed + suffix : stem + suffix);
  }

  /** Writes a text as a whole. */
  static void write(Path file, String text) {
    replace(file, temporary -> Files.writeString(temporary, text, StandardCharsets.UTF_8));
  }

  /** Writes a file's new content somewhere. */
  interface Content {
    void write(Path temporary) throws IOException;
  }

  /** Replaces a file by one that was written beside it, so that no reader meets half of it. */
  static void replace(Path file, Content content) {
    Path temporary =
        file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try {
        content.write(temporary);
        Files.move(
            temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e, e);
    }
  }

  /** Reads a text. */
  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e, e);
    }
  }

  /** Removes a file if it is there. */
  static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be removed: " + e, e);
    }
  }
}
