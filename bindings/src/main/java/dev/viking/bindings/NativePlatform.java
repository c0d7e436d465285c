package dev.viking.bindings;

import java.util.List;
import java.util.Locale;

/** Names of the platform this JVM runs on, as used in resource paths and file names. */
final class NativePlatform {
  private NativePlatform() {}

  /**
   * Operating system and architecture.
   *
   * @return for example {@code linux-x86_64} or {@code macos-aarch64}; unknown names are passed
   *     through
   */
  static String id() {
    String os = System.getProperty("os.name", "unknown").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch", "unknown").toLowerCase(Locale.ROOT);
    String osName = os;
    if (os.startsWith("linux")) {
      osName = "linux";
    } else if (os.startsWith("mac")) {
      osName = "macos";
    } else if (os.startsWith("windows")) {
      osName = "windows";
    }
    String archName =
        switch (arch) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "aarch64";
          default -> arch;
        };
    return osName.replace(' ', '_') + "-" + archName;
  }

  /**
   * Where the library lies in a jar, best first: a build for CUDA is on the class path on purpose.
   *
   * @return folders with a slash at the end
   */
  static List<String> resourceFolders() {
    String folder = "META-INF/native/" + id();
    return List.of(folder + "-cuda/", folder + "/");
  }

  /**
   * The same in the names that the artefacts of org.bytedeco use.
   *
   * @return for example {@code linux-x86_64}, {@code linux-arm64} or {@code macosx-arm64}
   */
  static String bytedecoId() {
    return id().replace("aarch64", "arm64").replace("macos-", "macosx-");
  }

  /**
   * File name of a shared library.
   *
   * @param name the name without prefix and suffix, for example {@code viking_native}
   * @return for example {@code libviking_native.so}
   */
  static String libraryFile(String name) {
    return System.mapLibraryName(name);
  }
}
