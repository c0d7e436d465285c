package dev.viking.examples;

import dev.viking.data.LabelledImages;
import dev.viking.data.MnistFolder;
import dev.viking.data.SyntheticDigits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Images to train on, to watch training with, and to test with.
 *
 * @param name for reports
 * @param train the training images
 * @param validation images that are neither trained on nor tested with
 * @param test the test images
 */
record ImageSets(
    String name, LabelledImages train, LabelledImages validation, LabelledImages test) {
  private static final int EMBEDDED_TRAIN = 8_000;
  private static final int EMBEDDED_VALIDATION = 1_000;
  private static final int EMBEDDED_TEST = 2_000;
  private static final long EMBEDDED_SEED = 1;
  private static final long EMBEDDED_TEST_SEED = 2;
  private static final int VALIDATION_SHARE = 12;

  /**
   * Reads a folder of MNIST files, or draws the embedded digits.
   *
   * <p>Of 60,000 training images the first 55,000 train and the others validate (the split of the
   * paper's experiments); of another number, one in twelve validates.
   *
   * @param folder the folder, or null for the embedded set
   * @param limit how many of the training images to use, 0 for all
   */
  static ImageSets load(@Nullable Path folder, int limit) {
    if (folder == null) {
      LabelledImages drawn =
          SyntheticDigits.generate(EMBEDDED_SEED, EMBEDDED_TRAIN + EMBEDDED_VALIDATION);
      LabelledImages test = SyntheticDigits.generate(EMBEDDED_TEST_SEED, EMBEDDED_TEST);
      return split("embedded digits", drawn, EMBEDDED_TRAIN, test, limit);
    }
    if (!Files.isDirectory(folder)) {
      throw new UsageException(
          "--data: " + folder + " is not a folder; a folder with the four MNIST files is needed");
    }
    MnistFolder read = MnistFolder.load(folder);
    LabelledImages all = read.train();
    checkSize(folder, "training", all);
    checkSize(folder, "test", read.test());
    int train = all.count() - all.count() / VALIDATION_SHARE;
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return split(name == null ? "images" : name.toString(), all, train, read.test(), limit);
  }

  private static void checkSize(Path folder, String half, LabelledImages images) {
    if (images.count() == 0 || images.height() != 28 || images.width() != 28) {
      throw new UsageException(
          "--data: the %s files of %s hold %d images of %d x %d; images of 28 x 28 are needed"
              .formatted(half, folder, images.count(), images.height(), images.width()));
    }
  }

  private static ImageSets split(
      String name, LabelledImages all, int trainCount, LabelledImages test, int limit) {
    int used = limit == 0 ? trainCount : limit;
    if (used > trainCount) {
      throw new UsageException(
          "--limit: " + limit + " images asked for, but there are " + trainCount + " to train on");
    }
    LabelledImages train = all.subset(IntStream.range(0, used).toArray());
    LabelledImages validation = all.subset(IntStream.range(trainCount, all.count()).toArray());
    return new ImageSets(name, train, validation, test);
  }
}
