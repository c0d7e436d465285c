package dev.viking.data;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Training and test images of a folder with the four files of MNIST or of a set packed like it.
 * Names as published ({@code train-images-idx3-ubyte}) or with a dot ({@code
 * train-images.idx3-ubyte}), each with or without {@code .gz}. Immutable.
 *
 * @param train the images of the {@code train-} files
 * @param test the images of the {@code t10k-} files
 */
public record MnistFolder(LabelledImages train, LabelledImages test) {
  /** Classes of MNIST and its relatives. */
  public static final int CLASSES = 10;

  /**
   * Reads both halves.
   *
   * @param folder where the four files lie
   * @return training and test images
   * @throws MissingDataException when a file is not there
   * @throws MalformedDataException when a file is not what it should be
   * @throws UncheckedIOException when a file cannot be read
   */
  public static MnistFolder load(Path folder) {
    return new MnistFolder(loadTrain(folder), loadTest(folder));
  }

  /**
   * Reads the training half only.
   *
   * @param folder where the two {@code train-} files lie
   * @return the training images
   * @throws MissingDataException when a file is not there
   * @throws MalformedDataException when a file is not what it should be
   * @throws UncheckedIOException when a file cannot be read
   */
  public static LabelledImages loadTrain(Path folder) {
    return half(folder, "train");
  }

  /**
   * Reads the test half only.
   *
   * @param folder where the two {@code t10k-} files lie
   * @return the test images
   * @throws MissingDataException when a file is not there
   * @throws MalformedDataException when a file is not what it should be
   * @throws UncheckedIOException when a file cannot be read
   */
  public static LabelledImages loadTest(Path folder) {
    return half(folder, "t10k");
  }

  /**
   * Looks whether all four files are there, and reads none of them: for programs that read the test
   * half hours later.
   *
   * @param folder where the four files lie
   * @throws MissingDataException when a file is not there
   */
  public static void requireFiles(Path folder) {
    for (String half : List.of("train", "t10k")) {
      find(folder, half + "-images", "idx3-ubyte");
      find(folder, half + "-labels", "idx1-ubyte");
    }
  }

  private static LabelledImages half(Path folder, String prefix) {
    Path images = find(folder, prefix + "-images", "idx3-ubyte");
    Path labels = find(folder, prefix + "-labels", "idx1-ubyte");
    return IdxReader.read(images, labels, CLASSES);
  }

  private static Path find(Path folder, String name, String suffix) {
    List<String> tried = new ArrayList<>();
    for (String separator : List.of("-", ".")) {
      for (String packing : List.of(".gz", "")) {
        String candidate = name + separator + suffix + packing;
        Path file = folder.resolve(candidate);
        if (Files.isRegularFile(file)) {
          return file;
        }
        tried.add(candidate);
      }
    }
    String state = Files.isDirectory(folder) ? "" : " (which is not a folder)";
    throw new MissingDataException(
        folder
            + state
            + ": none of these files is there: "
            + String.join(", ", tried)
            + "; give a folder that holds the four MNIST files");
  }
}
