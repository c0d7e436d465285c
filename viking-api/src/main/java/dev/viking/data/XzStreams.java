package dev.viking.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.tukaani.xz.XZIOException;
import org.tukaani.xz.XZInputStream;

/** The only class that knows org.tukaani.xz, which programs may leave out. Stateless. */
final class XzStreams {
  // A header can ask for gigabytes; level 9 of the usual program needs 65 MiB.
  private static final int MEMORY_LIMIT_KIB = 256 << 10;

  private XzStreams() {}

  /** Whether the library is there. */
  static boolean available() {
    try {
      Class.forName("org.tukaani.xz.XZInputStream", false, PackedFile.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  /** What is packed in a stream; all of the stream must be xz. */
  static InputStream open(InputStream packed) throws IOException {
    // Buffered outside too: without that, single bytes go through the decoder one by one.
    return new BufferedInputStream(
        new XZInputStream(new BufferedInputStream(packed), MEMORY_LIMIT_KIB));
  }

  /** Whether an error is about the packed data, and not about reading them. */
  static boolean blamesTheData(IOException error) {
    return error instanceof XZIOException;
  }
}
