package dev.viking.examples;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** A folder of small files in CIFAR-10's binary format. */
final class TinyCifar {
  static final int TRAIN = 40;
  static final int VALIDATION = 4;
  static final int TEST = 12;

  private TinyCifar() {}

  /** Writes two training batches and the test batch. */
  static Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    write(folder.resolve("data_batch_1.bin"), 1, TRAIN / 2);
    write(folder.resolve("data_batch_2.bin.gz"), 2, TRAIN / 2);
    write(folder.resolve("test_batch.bin.gz"), 3, TEST);
    return folder;
  }

  /** Each class has a brightness of its own in one of the channels, and there is noise. */
  private static void write(Path file, long seed, int count) throws IOException {
    Random random = new Random(seed);
    try (OutputStream plain = Files.newOutputStream(file);
        OutputStream out = file.toString().endsWith(".gz") ? new GZIPOutputStream(plain) : plain) {
      for (int i = 0; i < count; i++) {
        int label = random.nextInt(10);
        out.write(label);
        for (int channel = 0; channel < 3; channel++) {
          for (int pixel = 0; pixel < 1024; pixel++) {
            double level = channel == label % 3 ? 40 + 18 * label : 90 + 0.05 * pixel;
            out.write((int) Math.clamp(level + 25 * random.nextGaussian(), 0.0, 255.0));
          }
        }
      }
    }
  }
}
