package dev.viking.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads IDX files of unsigned bytes (the format of MNIST and its relatives), plain or packed with
 * gzip or xz; which of them is decided by the first bytes, not by the name. A header is never
 * trusted: nothing is allocated for a size that the file cannot hold, and every departure from the
 * format is refused. Stateless, for any number of threads.
 *
 * <p>Format: two zero bytes, a type code (0x08 = unsigned byte), the number of dimensions, then
 * each dimension as a big-endian 32-bit integer, then the elements row by row.
 */
public final class IdxReader {
  /** Largest number of elements that is read; beyond it a file is refused. */
  static final long MAX_ELEMENTS = 1L << 30;

  private static final int UNSIGNED_BYTE = 0x08;

  private IdxReader() {}

  /**
   * Reads an image file and its label file.
   *
   * @param images IDX file with dimensions count, rows, columns
   * @param labels IDX file with one dimension, the same count
   * @param classes number of classes; every label must be below it
   * @return the images with one channel
   * @throws MalformedDataException when a file departs from the format, or the two do not belong
   *     together
   * @throws UncheckedIOException when a file cannot be read
   */
  public static LabelledImages read(Path images, Path labels, int classes) {
    IdxArray pixels = readArray(images, 3);
    IdxArray classOf = readArray(labels, 1);
    int count = pixels.shape().get(0);
    if (classOf.shape().get(0) != count) {
      throw new MalformedDataException(
          labels,
          4,
          classOf.shape().get(0) + " labels",
          count + " labels, one for each image of " + images);
    }
    if (pixels.shape().get(1) == 0 || pixels.shape().get(2) == 0) {
      throw new MalformedDataException(
          images, 8, "images of size " + pixels.shape().subList(1, 3), "at least one pixel each");
    }
    byte[] labelBytes = classOf.data();
    for (int i = 0; i < labelBytes.length; i++) {
      int label = Byte.toUnsignedInt(labelBytes[i]);
      if (label >= classes) {
        throw new MalformedDataException(
            labels, 8L + i, "label " + label, "a class in 0.." + (classes - 1));
      }
    }
    return new LabelledImages(
        1, pixels.shape().get(1), pixels.shape().get(2), classes, pixels.data(), labelBytes);
  }

  /**
   * Reads one file.
   *
   * @param file plain or packed IDX file of unsigned bytes
   * @param dimensions the number of dimensions that it must have
   * @return shape and elements
   */
  static IdxArray readArray(Path file, int dimensions) {
    try {
      long size = Files.size(file);
      if (size > MAX_ELEMENTS + 4 + 4L * dimensions) {
        throw new MalformedDataException(
            file, 0, "a file of " + size + " bytes", "at most " + MAX_ELEMENTS + " elements");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
    return PackedFile.read(file, (in, mostBytes) -> parse(file, in, mostBytes, dimensions));
  }

  private static IdxArray parse(Path file, InputStream in, long mostBytes, int dimensions)
      throws IOException {
    byte[] header = readHeader(file, in, 0, 4);
    if (header[0] != 0 || header[1] != 0) {
      String magic = String.format("0x%08x", ByteBuffer.wrap(header).getInt());
      throw new MalformedDataException(
          file,
          0,
          "magic number " + magic,
          String.format("0x%08x", UNSIGNED_BYTE << 8 | dimensions));
    }
    if (header[2] != UNSIGNED_BYTE) {
      throw new MalformedDataException(
          file, 2, String.format("element type 0x%02x", header[2]), "0x08 (unsigned byte)");
    }
    if (header[3] != dimensions) {
      throw new MalformedDataException(
          file, 3, Byte.toUnsignedInt(header[3]) + " dimensions", Integer.toString(dimensions));
    }
    ByteBuffer sizes = ByteBuffer.wrap(readHeader(file, in, 4, 4 * dimensions));
    List<Integer> shape = new ArrayList<>();
    long elements = 1;
    for (int d = 0; d < dimensions; d++) {
      int size = sizes.getInt();
      if (size < 0) {
        throw new MalformedDataException(
            file,
            4 + 4L * d,
            "size " + Integer.toUnsignedString(size),
            "at most " + Integer.MAX_VALUE);
      }
      shape.add(size);
      // Both factors stay below 2^31, so the product cannot overflow before it is compared.
      elements *= size;
      if (elements > MAX_ELEMENTS) {
        throw new MalformedDataException(
            file, 4 + 4L * d, "sizes " + shape, "at most " + MAX_ELEMENTS + " elements");
      }
    }
    int start = 4 + 4 * dimensions;
    if (elements > mostBytes) {
      throw new MalformedDataException(
          file,
          start,
          "a file too short for sizes " + shape,
          elements + " elements after the header");
    }
    return new IdxArray(List.copyOf(shape), readElements(file, in, start, (int) elements));
  }

  private static byte[] readElements(Path file, InputStream in, int start, int elements)
      throws IOException {
    // Grows with what arrives, so that a false size costs nothing.
    byte[] data = in.readNBytes(elements);
    if (data.length != elements) {
      throw new MalformedDataException(
          file,
          (long) start + data.length,
          "the end of the data after " + data.length + " elements",
          elements + " elements");
    }
    if (in.read() >= 0) {
      throw new MalformedDataException(
          file,
          (long) start + elements,
          "further bytes",
          "the end of the data after " + elements + " elements");
    }
    return data;
  }

  private static byte[] readHeader(Path file, InputStream in, int offset, int length)
      throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length != length) {
      throw new MalformedDataException(
          file,
          (long) offset + bytes.length,
          "the end of the data in the header",
          length + " bytes from byte " + offset);
    }
    return bytes;
  }
}
