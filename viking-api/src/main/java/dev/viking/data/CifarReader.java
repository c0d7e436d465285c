package dev.viking.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads files in CIFAR-10's binary format, plain or packed with gzip or xz; which of them is
 * decided by the first bytes, not by the name. The format has no header: a file is whole records
 * and nothing else, and every departure from that is refused. Stateless, for any number of threads.
 *
 * <p>A record is one byte with the label, 0..9, then 1,024 red, 1,024 green and 1,024 blue bytes,
 * each a plane of 32 x 32 pixels row by row.
 */
public final class CifarReader {
  /** Channels of an image: red, green, blue. */
  public static final int CHANNELS = 3;

  /** Rows and columns of an image. */
  public static final int SIZE = 32;

  /** Number of classes. */
  public static final int CLASSES = 10;

  /** Largest number of records in one file; beyond it the file is refused. */
  static final int MAX_RECORDS = 1 << 17;

  /** Bytes of one image. */
  static final int PIXELS = CHANNELS * SIZE * SIZE;

  /** Bytes of one record. */
  static final int RECORD = 1 + PIXELS;

  private CifarReader() {}

  /**
   * Reads files one after the other.
   *
   * @param files at least one; the images of all of them are put together in this order
   * @return images [3, 32, 32] in ten classes
   * @throws MalformedDataException when a file departs from the format
   * @throws MissingDataException when a file is packed with xz and org.tukaani:xz is not there
   * @throws UncheckedIOException when a file cannot be read
   */
  public static LabelledImages read(List<Path> files) {
    return read(files, MAX_RECORDS);
  }

  /** The same with another limit on the records of a file. */
  static LabelledImages read(List<Path> files, int maxRecords) {
    List<byte[]> contents = new ArrayList<>();
    int count = 0;
    for (Path file : files) {
      byte[] records = PackedFile.read(file, (in, _) -> records(file, in, maxRecords));
      contents.add(records);
      count = Math.addExact(count, records.length / RECORD);
    }
    byte[] pixels = new byte[Math.multiplyExact(count, PIXELS)];
    byte[] labels = new byte[count];
    int image = 0;
    for (byte[] records : contents) {
      for (int from = 0; from < records.length; from += RECORD) {
        labels[image] = records[from];
        System.arraycopy(records, from + 1, pixels, image * PIXELS, PIXELS);
        image++;
      }
    }
    return new LabelledImages(CHANNELS, SIZE, SIZE, CLASSES, pixels, labels);
  }

  private static byte[] records(Path file, InputStream in, int maxRecords) throws IOException {
    int most = maxRecords * RECORD;
    // Grows with what arrives.
    byte[] bytes = in.readNBytes(most);
    if (bytes.length == most && in.read() >= 0) {
      throw new MalformedDataException(
          file, most, "further bytes", "at most " + maxRecords + " records");
    }
    if (bytes.length == 0) {
      throw new MalformedDataException(file, 0, "the end of the data", "at least one record");
    }
    int rest = bytes.length % RECORD;
    if (rest != 0) {
      throw new MalformedDataException(
          file,
          bytes.length - rest,
          "the end of the data after " + rest + " bytes of a record",
          "records of " + RECORD + " bytes: a label, then 3 x 32 x 32 pixels");
    }
    for (int from = 0; from < bytes.length; from += RECORD) {
      int label = Byte.toUnsignedInt(bytes[from]);
      if (label >= CLASSES) {
        throw new MalformedDataException(
            file, from, "label " + label, "a class in 0.." + (CLASSES - 1));
      }
    }
    return bytes;
  }
}
