package dev.viking.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/**
 * A gzip stream that takes all packed bytes into its buffer at once, so that it can tell how many
 * are left over at the end; {@link GZIPInputStream} alone ignores whatever follows the data. One
 * thread at a time.
 */
final class WholeGzipStream extends GZIPInputStream {
  private static final int TRAILER_BYTES = 8;

  /** Reads the gzip header of a stream that delivers {@code length} bytes without pausing. */
  WholeGzipStream(InputStream in, int length) throws IOException {
    super(in, Math.max(length, 1));
  }

  /** Bytes behind the checksum of the last member; meaningful once the end was read. */
  int bytesAfterTrailer() {
    return Math.max(0, inf.getRemaining() - TRAILER_BYTES);
  }
}
