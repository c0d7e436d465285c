/**
 * Downcalls into VIKING's native library, and the loader that finds it and libtorch.
 *
 * <p>Calls native code: start the JVM with {@code --enable-native-access=dev.viking.bindings}, or
 * {@code ALL-UNNAMED} when this is on the class path.
 */
module dev.viking.bindings {
  requires static transitive org.jspecify;

  exports dev.viking.bindings;
}
