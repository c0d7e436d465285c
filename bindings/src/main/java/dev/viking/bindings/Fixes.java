package dev.viking.bindings;

import java.util.List;

/** Advice for a library that could not be loaded. */
final class Fixes {
  private Fixes() {}

  /**
   * What to do, judged by the last failure, which is the one that ended the search.
   *
   * @param failures what was tried; not empty
   * @return one or two sentences
   */
  static String forFailures(List<String> failures) {
    String last = failures.getLast();
    if (last.contains("native access") || last.contains("restricted")) {
      return "allow native access: start the JVM with --enable-native-access=ALL-UNNAMED (class path) or"
          + " --enable-native-access=dev.viking.bindings (module path).";
    }
    if (last.contains("refused: ") || last.contains("undefined symbol")) {
      return "rebuild the native library against the libtorch you use: LIBTORCH_HOME=<libtorch> ./build-native.sh;"
          + " and use the library and the jars of one VIKING version.";
    }
    if (last.contains("libtorch") || last.contains("libc10") || last.contains("LIBTORCH_HOME")) {
      return "name the folder of libtorch (the one whose lib/ has libtorch_cpu and libc10; in a Python environment with"
          + " PyTorch it is site-packages/torch) by -Dviking.libtorch.home or LIBTORCH_HOME.";
    }
    return "build the library with ./build-native.sh, or name a built one (the file or its folder) by"
        + " -Dviking.native.path or VIKING_NATIVE_PATH.";
  }
}
