package dev.viking.bindings;

import java.util.List;

/**
 * VIKING's native library, or the libtorch it needs, could not be loaded or does not fit this
 * version.
 *
 * <p>The message says what was tried, why each attempt failed, and what to do. The JVM goes on;
 * {@link NativeLibrary#ensureLoaded()} may be called again.
 */
public final class NativeLibraryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An immutable list of strings, whose implementation in the JDK is serializable. */
  @SuppressWarnings("serial")
  private final List<String> attempts;

  /**
   * An exception whose message is the headline, the attempts one to a line, and the fix.
   *
   * @param headline what failed, in one sentence
   * @param attempts what was tried, in order: source, path and the reason why it failed
   * @param fix what the user can do about it
   */
  NativeLibraryException(String headline, List<String> attempts, String fix) {
    super(message(headline, attempts, fix));
    this.attempts = List.copyOf(attempts);
  }

  /**
   * What was tried, in order.
   *
   * @return one entry for each attempt: its source, its path, and why it failed; immutable
   */
  public List<String> attempts() {
    return attempts;
  }

  private static String message(String headline, List<String> attempts, String fix) {
    StringBuilder text = new StringBuilder(headline);
    if (!attempts.isEmpty()) {
      text.append("\nTried:");
      for (int i = 0; i < attempts.size(); i++) {
        text.append("\n  ").append(i + 1).append(". ").append(attempts.get(i));
      }
    }
    return text.append("\nFix: ").append(fix).toString();
  }
}
