package dev.viking.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * What the shim was compiled against, as the file beside it says; known before anything is loaded.
 *
 * @param libtorch the version of libtorch, for example {@code 2.13.0}
 * @param cuda whether it is linked against a CUDA build
 */
record ShimInfo(String libtorch, boolean cuda) {
  /** Its name beside the library. */
  static final String FILE = "viking-native.properties";

  /** Reads the file; null when it does not say a version. */
  static @Nullable ShimInfo read(InputStream stream) throws IOException {
    Properties properties = new Properties();
    properties.load(stream);
    String libtorch = properties.getProperty("libtorch", "");
    return libtorch.isEmpty()
        ? null
        : new ShimInfo(libtorch, Boolean.parseBoolean(properties.getProperty("cuda")));
  }

  /**
   * Whether a libtorch fits: its minor version must be the same.
   *
   * @param version for example {@code 2.13.0+cpu}
   */
  boolean fits(String version) {
    return minor(version).equals(minor(libtorch));
  }

  /** What is needed, for a message. */
  String needed() {
    return minor(libtorch) + ".x is needed";
  }

  private static String minor(String version) {
    int first = version.indexOf('.');
    int second = version.indexOf('.', first + 1);
    return first < 0 || second < 0 ? version : version.substring(0, second);
  }
}
