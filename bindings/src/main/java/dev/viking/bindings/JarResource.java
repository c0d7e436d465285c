package dev.viking.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.jar.JarEntry;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A file on the class path, and what identifies its content without reading all of it.
 *
 * @param fileName its plain name
 * @param url where it is
 * @param size bytes
 * @param crc the CRC-32 that the jar's directory has, or that was computed where there is no jar
 */
record JarResource(String fileName, URL url, long size, long crc) {
  private static final int BUFFER = 1 << 20;

  /**
   * Looks a resource up.
   *
   * @param loader the class loader to ask, null for the system's
   * @param folder its folder, with a slash at the end
   * @param fileName its plain name
   * @return null when there is none
   */
  static @Nullable JarResource find(@Nullable ClassLoader loader, String folder, String fileName)
      throws IOException {
    String name = folder + fileName;
    URL url = loader == null ? ClassLoader.getSystemResource(name) : loader.getResource(name);
    if (url == null) {
      return null;
    }
    if (url.openConnection() instanceof JarURLConnection connection) {
      connection.setUseCaches(false);
      try (var jar = connection.getJarFile()) {
        JarEntry entry = jar.getJarEntry(connection.getEntryName());
        if (entry != null && entry.getSize() >= 0 && entry.getCrc() >= 0) {
          return new JarResource(fileName, url, entry.getSize(), entry.getCrc());
        }
      }
    }
    CRC32 crc = new CRC32();
    long size = 0;
    try (InputStream stream = new CheckedInputStream(open(url), crc)) {
      byte[] buffer = new byte[BUFFER];
      for (int count = stream.read(buffer); count >= 0; count = stream.read(buffer)) {
        size += count;
      }
    }
    return new JarResource(fileName, url, size, crc.getValue());
  }

  /** The content. */
  InputStream open() throws IOException {
    return open(url);
  }

  /** Adds what identifies the content to a digest. */
  void identify(MessageDigest digest) {
    digest.update(
        (fileName + ":" + size + ":" + HexFormat.of().toHexDigits(crc) + "\n")
            .getBytes(StandardCharsets.UTF_8));
  }

  /** Not through the cache of open jars, which would keep the file open for the JVM's life. */
  private static InputStream open(URL url) throws IOException {
    URLConnection connection = url.openConnection();
    connection.setUseCaches(false);
    return connection.getInputStream();
  }
}
