package dev.viking.bindings;

/** Advice for a library that could not be loaded, by what is wrong with it. */
final class Fixes {
  /** There is no library, or it is not one. */
  static final String NO_LIBRARY =
      "build the library with ./build-native.sh, or name a built one (the file or its folder) by"
          + " -Dviking.native.path or VIKING_NATIVE_PATH.";

  /** No jar on the class path has the library. */
  static final String NO_RESOURCE =
      "add the dependency dev.viking:viking-native with the classifier of this platform, or build"
          + " the library with ./build-native.sh and name it by -Dviking.native.path or"
          + " VIKING_NATIVE_PATH.";

  /** There is no libtorch where it was looked for. */
  static final String NO_LIBTORCH =
      "name the folder of libtorch (its lib/ has libtorch_cpu and libc10; in a Python environment"
          + " with PyTorch it is site-packages/torch) by -Dviking.libtorch.home or LIBTORCH_HOME,"
          + " or add the dependencies org.bytedeco:pytorch and org.bytedeco:openblas with the"
          + " classifier of this platform.";

  /** Library, libtorch and this class are not made for each other. */
  static final String MISMATCH =
      "use the native library, the jars and the libtorch of one VIKING version: rebuild by"
          + " LIBTORCH_HOME=<libtorch> ./build-native.sh, and name that libtorch by"
          + " -Dviking.libtorch.home or LIBTORCH_HOME when running.";

  /** The JVM was started with --illegal-native-access=deny. */
  static final String NATIVE_ACCESS =
      "allow native access: start the JVM with --enable-native-access=ALL-UNNAMED (class path) or"
          + " --enable-native-access=dev.viking.bindings (module path).";

  private Fixes() {}

  /**
   * What to do when a file could not be loaded.
   *
   * @param reason why, as told by {@link SharedLibraries#open}
   * @return one sentence
   */
  static String forReason(String reason) {
    if (reason.contains("native access") || reason.contains("restricted")) {
      return NATIVE_ACCESS;
    }
    if (reason.contains("undefined symbol") || reason.contains("version `")) {
      return MISMATCH;
    }
    // What the dynamic linker says of a missing dependency; the file itself is there.
    if (reason.contains("cannot open shared object") || reason.contains("Library not loaded")) {
      return NO_LIBTORCH;
    }
    return NO_LIBRARY;
  }
}
