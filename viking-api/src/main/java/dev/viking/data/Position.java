package dev.viking.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Counts the bytes that were read from a stream, for messages about damaged files. One thread at a
 * time.
 */
final class Position {
  /** Bytes delivered so far. */
  long bytes;

  /** A stream that reports what it delivers to this counter. */
  InputStream count(InputStream in) {
    return new FilterInputStream(in) {
      @Override
      public int read() throws IOException {
        int value = in.read();
        bytes += value < 0 ? 0 : 1;
        return value;
      }

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        int read = in.read(buffer, offset, length);
        bytes += Math.max(read, 0);
        return read;
      }
    };
  }
}
