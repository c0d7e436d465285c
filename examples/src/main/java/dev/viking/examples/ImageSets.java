package dev.viking.examples;

import dev.viking.data.LabelledImages;
import dev.viking.data.MnistFolder;
import dev.viking.data.SyntheticDigits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Images to train on, to watch training with, and to test with. Those to test with are read when
 * they are first asked for, which nothing but an evaluation does. May be used by several threads.
 */
final class ImageSets {
  private static final int EMBEDDED_TRAIN = 8_000;
  private static final int EMBEDDED_VALIDATION = 1_000;
  private static final int EMBEDDED_TEST = 2_000;
  private static final long EMBEDDED_SEED = 1;
  private static final long EMBEDDED_TEST_SEED = 2;
  private static final int VALIDATION_SHARE = 12;

  private final String name;
  private final LabelledImages train;
  private final LabelledImages validation;
  private final Supplier<LabelledImages> testReader;
  private @Nullable LabelledImages test;

  /** Sets of images, and how those to test with are read. */
  ImageSets(
      String name,
      LabelledImages train,
      LabelledImages validation,
      Supplier<LabelledImages> testReader) {
    this.name = name;
    this.train = train;
    this.validation = validation;
    this.testReader = testReader;
  }

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
      return split(
          "embedded digits",
          drawn,
          EMBEDDED_TRAIN,
          () -> SyntheticDigits.generate(EMBEDDED_TEST_SEED, EMBEDDED_TEST),
          limit);
    }
    if (!Files.isDirectory(folder)) {
      throw new UsageException(
          "--data: " + folder + " is not a folder; a folder with the four MNIST files is needed");
    }
    MnistFolder.requireFiles(folder);
    LabelledImages all = checked("--data", folder, "training", MnistFolder.loadTrain(folder));
    int train = all.count() - all.count() / VALIDATION_SHARE;
    return split(name(folder), all, train, () -> test("--data", folder), limit);
  }

  /** The test images of a folder. */
  static LabelledImages test(String option, Path folder) {
    return checked(option, folder, "test", MnistFolder.loadTest(folder));
  }

  private static String name(Path folder) {
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return name == null ? "images" : name.toString();
  }

  private static LabelledImages checked(
      String option, Path folder, String half, LabelledImages images) {
    if (images.count() == 0 || images.height() != 28 || images.width() != 28) {
      throw new UsageException(
          "%s: the %s files of %s hold %d images of %d x %d; images of 28 x 28 are needed"
              .formatted(option, half, folder, images.count(), images.height(), images.width()));
    }
    return images;
  }

  private static ImageSets split(
      String name,
      LabelledImages all,
      int trainCount,
      Supplier<LabelledImages> testReader,
      int limit) {
    int used = limit == 0 ? trainCount : limit;
    if (used > trainCount) {
      throw new UsageException(
          "--limit: " + limit + " images asked for, but there are " + trainCount + " to train on");
    }
    LabelledImages train = all.subset(IntStream.range(0, used).toArray());
    LabelledImages validation = all.subset(IntStream.range(trainCount, all.count()).toArray());
    return new ImageSets(name, train, validation, testReader);
  }

  /** The name for reports. */
  String name() {
    return name;
  }

  /** The training images. */
  LabelledImages train() {
    return train;
  }

  /** Images that are neither trained on nor tested with. */
  LabelledImages validation() {
    return validation;
  }

  /** The test images; reads them the first time. */
  synchronized LabelledImages test() {
    LabelledImages read = test;
    if (read == null) {
      read = testReader.get();
      test = read;
    }
    return read;
  }
}
