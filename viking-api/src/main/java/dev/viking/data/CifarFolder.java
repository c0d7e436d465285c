package dev.viking.data;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A folder with the files of CIFAR-10's binary version, or of a set packed like them: {@code
 * data_batch_1.bin}, {@code data_batch_2.bin} and so on for training, as many as there are, and
 * {@code test_batch.bin}; each as it is, or with {@code .gz} or {@code .xz}. Stateless.
 */
public final class CifarFolder {
  private static final int MOST_BATCHES = 99;
  private static final List<String> PACKINGS = List.of("", ".gz", ".xz");

  private CifarFolder() {}

  /**
   * Whether a folder is meant to be one of these: it has any of the files.
   *
   * @param folder where to look
   * @return true if there is a batch in it
   */
  public static boolean isLike(Path folder) {
    return !batches(folder).isEmpty() || find(folder, "test_batch") != null;
  }

  /**
   * Looks whether the files are there, and reads none of them: for programs that read the test half
   * hours later.
   *
   * @param folder where they lie
   * @throws MissingDataException when one is not there
   */
  public static void requireFiles(Path folder) {
    trainFiles(folder);
    testFile(folder);
  }

  /**
   * Reads the training half only.
   *
   * @param folder where the {@code data_batch} files lie
   * @return the images of all of them, in order
   * @throws MissingDataException when a file is not there
   * @throws MalformedDataException when a file is not what it should be
   * @throws UncheckedIOException when a file cannot be read
   */
  public static LabelledImages loadTrain(Path folder) {
    return CifarReader.read(trainFiles(folder));
  }

  /**
   * Reads the test half only.
   *
   * @param folder where {@code test_batch.bin} lies
   * @return its images
   * @throws MissingDataException when the file is not there
   * @throws MalformedDataException when it is not what it should be
   * @throws UncheckedIOException when it cannot be read
   */
  public static LabelledImages loadTest(Path folder) {
    return CifarReader.read(List.of(testFile(folder)));
  }

  private static List<Path> trainFiles(Path folder) {
    List<Integer> numbers = batches(folder);
    int count = Math.max(1, numbers.isEmpty() ? 0 : numbers.getLast());
    List<Path> files = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      files.add(required(folder, batch(number)));
    }
    return files;
  }

  private static Path testFile(Path folder) {
    return required(folder, "test_batch");
  }

  /** Numbers of the batches that are there, ascending. */
  private static List<Integer> batches(Path folder) {
    List<Integer> numbers = new ArrayList<>();
    for (int number = 1; number <= MOST_BATCHES; number++) {
      if (find(folder, batch(number)) != null) {
        numbers.add(number);
      }
    }
    return numbers;
  }

  private static String batch(int number) {
    return "data_batch_" + number;
  }

  private static Path required(Path folder, String stem) {
    Path file = find(folder, stem);
    if (file == null) {
      throw new MissingDataException(
          folder
              + (Files.isDirectory(folder) ? "" : " (which is not a folder)")
              + ": none of these files is there: "
              + String.join(", ", PACKINGS.stream().map(it -> stem + ".bin" + it).toList())
              + "; give a folder that holds CIFAR-10's binary version");
    }
    return file;
  }

  private static @Nullable Path find(Path folder, String stem) {
    for (String packing : PACKINGS) {
      Path file = folder.resolve(stem + ".bin" + packing);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    return null;
  }
}
