package dev.viking.data;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.ZipException;

/**
 * A file's content, unpacked when it is gzip or xz, which its first bytes decide and not its name.
 * Damage to the packing, and whatever follows it, is refused. Stateless.
 */
final class PackedFile {
  // A deflate stream cannot expand by more than this (258 bytes for two bits, RFC 1951).
  private static final long MAX_DEFLATE_RATIO = 1032;
  private static final byte[] GZIP = {0x1f, (byte) 0x8b};
  private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};

  private PackedFile() {}

  /** What makes something of the content. */
  interface Parser<T> {
    /**
     * Reads all of a stream.
     *
     * @param in the unpacked bytes
     * @param mostBytes how many there can be at most
     */
    T parse(InputStream in, long mostBytes) throws IOException;
  }

  /**
   * Reads a file.
   *
   * @throws MalformedDataException when its packing is damaged
   * @throws MissingDataException when it is xz and the library for that is not there
   * @throws UncheckedIOException when it cannot be read
   */
  static <T> T read(Path file, Parser<T> parser) {
    try {
      byte[] start = start(file);
      if (startsWith(start, GZIP)) {
        return readGzip(file, parser);
      }
      if (startsWith(start, XZ)) {
        return readXz(file, parser);
      }
      try (InputStream in = Files.newInputStream(file)) {
        return parser.parse(in, Files.size(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static byte[] start(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(XZ.length);
    }
  }

  private static boolean startsWith(byte[] start, byte[] magic) {
    return start.length >= magic.length
        && Arrays.equals(start, 0, magic.length, magic, 0, magic.length);
  }

  private static <T> T readGzip(Path file, Parser<T> parser) throws IOException {
    // The packed bytes are as large as the file really is; only what they expand to is untrusted.
    byte[] packed = Files.readAllBytes(file);
    Position position = new Position();
    try (WholeGzipStream gzip =
            new WholeGzipStream(new ByteArrayInputStream(packed), packed.length);
        InputStream in = position.count(gzip)) {
      T content = parser.parse(in, packed.length * MAX_DEFLATE_RATIO);
      int garbage = gzip.bytesAfterTrailer();
      if (garbage > 0) {
        throw new MalformedDataException(
            file, position.bytes, garbage + " bytes after the gzip data", "the end of the file");
      }
      return content;
    } catch (EOFException | ZipException e) {
      throw damaged(file, position, "gzip", e);
    }
  }

  private static <T> T readXz(Path file, Parser<T> parser) throws IOException {
    if (!XzStreams.available()) {
      throw new MissingDataException(
          file
              + ": is packed with xz, and org.tukaani:xz is not on the class path; add that"
              + " library, or unpack the file (xz --decompress)");
    }
    Position position = new Position();
    try (InputStream whole = Files.newInputStream(file);
        InputStream in = position.count(XzStreams.open(whole))) {
      return parser.parse(in, Long.MAX_VALUE);
    } catch (EOFException e) {
      throw damaged(file, position, "xz", e);
    } catch (IOException e) {
      if (XzStreams.blamesTheData(e)) {
        throw damaged(file, position, "xz", e);
      }
      throw e;
    }
  }

  private static MalformedDataException damaged(
      Path file, Position position, String packing, IOException cause) {
    MalformedDataException malformed =
        new MalformedDataException(
            file,
            position.bytes,
            "damaged " + packing + " data (" + cause.getMessage() + ")",
            "intact " + packing + " data");
    malformed.initCause(cause);
    return malformed;
  }
}
