/**
 * The Java side of the C ABI {@code native/include/viking_native.h}: what jextract generated from
 * it, and the loader.
 *
 * <p>Users of VIKING need nothing of this module directly; {@code dev.viking} wraps it. Start the
 * JVM with {@code --enable-native-access=dev.viking.bindings} (module path) or {@code
 * --enable-native-access=ALL-UNNAMED} (class path).
 */
module dev.viking.bindings {
  requires static transitive org.jspecify;

  exports dev.viking.bindings;
}
