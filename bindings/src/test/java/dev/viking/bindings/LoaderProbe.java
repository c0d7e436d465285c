package dev.viking.bindings;

import java.io.PrintStream;

/**
 * The main program of the JVMs that {@link LibraryLoadingTest} starts. Its last line shows that the
 * JVM lives.
 */
final class LoaderProbe {
  private LoaderProbe() {}

  public static void main(String[] args) {
    PrintStream out = System.out;
    for (String step : args) {
      try {
        switch (step) {
          case "load" -> {
            NativeLibrary.ensureLoaded();
            out.println("LOADED " + NativeLibrary.path());
          }
          case "call" -> out.println("ABI " + viking_native_h.vk_abi_version());
          default -> throw new IllegalArgumentException(step);
        }
      } catch (NativeLibraryException e) {
        out.println("REFUSED " + e.getMessage());
      } catch (LinkageError e) {
        out.println("LINKAGE " + e + " caused by " + e.getCause());
      }
    }
    out.println("ALIVE");
  }
}
