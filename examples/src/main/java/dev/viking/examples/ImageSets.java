package dev.viking.examples;

import dev.viking.data.ChannelNormalisation;
import dev.viking.data.CifarFolder;
import dev.viking.data.LabelledImages;
import dev.viking.data.MnistFolder;
import dev.viking.data.SyntheticDigits;
import dev.viking.torch.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
  private static final int COLOR_VALIDATION_SHARE = 10;
  private static final int SVHN_TRAIN = 73_257;
  private static final int SVHN_VALIDATION = 3_257;

  private final String name;
  private final LabelledImages train;
  private final LabelledImages validation;
  private final Supplier<LabelledImages> testReader;
  private final ChannelNormalisation normalisation;
  private final AugmentChoice augment;
  private @Nullable LabelledImages test;

  /**
   * Sets of images, and how those to test with are read. Pixels of color images are normalised with
   * the statistics of those to train on, grey ones stay from 0 to 1, as in the paper's experiments.
   */
  ImageSets(
      String name,
      LabelledImages train,
      LabelledImages validation,
      Supplier<LabelledImages> testReader,
      AugmentChoice augment) {
    int channels = train.channels();
    this.normalisation =
        channels == 1 ? ChannelNormalisation.none(1) : ChannelNormalisation.of(train);
    this.augment = augment.resolved(channels);
    this.name = name;
    this.train = train;
    this.validation = validation;
    this.testReader = testReader;
  }

  /**
   * Reads a folder of MNIST's or CIFAR-10's files, or draws the embedded digits.
   *
   * <p>The first training images train and the others validate, in the paper's numbers: of MNIST's
   * 60,000 the last 5,000, of CIFAR-10's 50,000 the last 5,000, of SVHN's 73,257 the last 3,257. Of
   * another number of grey images one in twelve validates, of color images one in ten.
   *
   * @param folder the folder, or null for the embedded set
   * @param limit how many of the training images to use, 0 for all
   * @param augment how an epoch of training changes them
   */
  static ImageSets load(@Nullable Path folder, int limit, AugmentChoice augment) {
    if (folder == null) {
      LabelledImages drawn =
          SyntheticDigits.generate(EMBEDDED_SEED, EMBEDDED_TRAIN + EMBEDDED_VALIDATION);
      return split(
          "embedded digits",
          drawn,
          EMBEDDED_TRAIN,
          () -> SyntheticDigits.generate(EMBEDDED_TEST_SEED, EMBEDDED_TEST),
          limit,
          augment);
    }
    if (!Files.isDirectory(folder)) {
      throw new UsageException(
          "--data: "
              + folder
              + " is not a folder; a folder with the files of MNIST or CIFAR-10 is needed");
    }
    boolean color = CifarFolder.isLike(folder);
    if (color) {
      CifarFolder.requireFiles(folder);
    } else {
      MnistFolder.requireFiles(folder);
    }
    LabelledImages all =
        checked(
            "--data",
            folder,
            "training",
            color ? CifarFolder.loadTrain(folder) : MnistFolder.loadTrain(folder));
    int train = all.count() - validationCount(all.count(), color);
    return split(name(folder), all, train, () -> test("--data", folder), limit, augment);
  }

  private static int validationCount(int count, boolean color) {
    if (!color) {
      return count / VALIDATION_SHARE;
    }
    return count == SVHN_TRAIN ? SVHN_VALIDATION : count / COLOR_VALIDATION_SHARE;
  }

  /** The test images of a folder. */
  private static LabelledImages test(String option, Path folder) {
    return checked(
        option,
        folder,
        "test",
        CifarFolder.isLike(folder) ? CifarFolder.loadTest(folder) : MnistFolder.loadTest(folder));
  }

  /**
   * The images of another folder, which must be of the same size: where validation images are asked
   * for, those that would validate if it were the data, and its test images are not read either.
   */
  LabelledImages others(String option, Path folder, CompareSettings.Split split) {
    LabelledImages other =
        split == CompareSettings.Split.TEST
            ? test(option, folder)
            : load(folder, 0, AugmentChoice.NONE).validation();
    if (!shape(other).equals(shape(train))) {
      throw new UsageException(
          "%s: the images of %s are %s; images of %s, like those of %s, are needed"
              .formatted(option, folder, shape(other), shape(train), name));
    }
    return other;
  }

  private static List<Integer> shape(LabelledImages images) {
    return List.of(images.channels(), images.height(), images.width());
  }

  private static String name(Path folder) {
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return name == null ? "images" : name.toString();
  }

  private static LabelledImages checked(
      String option, Path folder, String half, LabelledImages images) {
    if (images.count() == 0) {
      throw new UsageException(
          "%s: the %s files of %s hold no images; at least one is needed"
              .formatted(option, half, folder));
    }
    return images;
  }

  private static ImageSets split(
      String name,
      LabelledImages all,
      int trainCount,
      Supplier<LabelledImages> testReader,
      int limit,
      AugmentChoice augment) {
    int used = limit == 0 ? trainCount : limit;
    if (used > trainCount) {
      throw new UsageException(
          "--limit: " + limit + " images asked for, but there are " + trainCount + " to train on");
    }
    LabelledImages train = all.subset(IntStream.range(0, used).toArray());
    LabelledImages validation = all.subset(IntStream.range(trainCount, all.count()).toArray());
    return new ImageSets(name, train, validation, testReader, augment);
  }

  /** The name for reports. */
  String name() {
    return name;
  }

  /** How pixels are normalised. */
  ChannelNormalisation normalisation() {
    return normalisation;
  }

  /** How an epoch of training changes images; not {@link AugmentChoice#AUTO}. */
  AugmentChoice augment() {
    return augment;
  }

  /** Some images as a network of these sets takes them. */
  ImageExamples examples(LabelledImages images, Device device) {
    return new ImageExamples(images, normalisation, AugmentChoice.augmentation(augment), device);
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
