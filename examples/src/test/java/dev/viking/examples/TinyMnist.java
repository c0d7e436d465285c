package dev.viking.examples;

import dev.viking.data.LabelledImages;
import dev.viking.data.SyntheticDigits;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/** A folder of small files in the format of MNIST. */
final class TinyMnist {
  static final int TRAIN = 96;
  static final int TEST = 40;

  private TinyMnist() {}

  /** Writes the four files. */
  static Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    write(folder, "train", SyntheticDigits.generate(5, TRAIN));
    write(folder, "t10k", SyntheticDigits.generate(6, TEST));
    return folder;
  }

  private static void write(Path folder, String prefix, LabelledImages images) throws IOException {
    try (DataOutputStream out = open(folder.resolve(prefix + "-images-idx3-ubyte.gz"))) {
      out.writeInt(0x803);
      out.writeInt(images.count());
      out.writeInt(images.height());
      out.writeInt(images.width());
      for (int i = 0; i < images.count(); i++) {
        for (int row = 0; row < images.height(); row++) {
          for (int column = 0; column < images.width(); column++) {
            out.writeByte(images.pixel(i, 0, row, column));
          }
        }
      }
    }
    try (DataOutputStream out = open(folder.resolve(prefix + "-labels-idx1-ubyte.gz"))) {
      out.writeInt(0x801);
      out.writeInt(images.count());
      for (int i = 0; i < images.count(); i++) {
        out.writeByte(images.label(i));
      }
    }
  }

  private static DataOutputStream open(Path file) throws IOException {
    OutputStream out = Files.newOutputStream(file);
    return new DataOutputStream(new GZIPOutputStream(out));
  }
}
