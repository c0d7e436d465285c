package dev.viking.torch;

import java.lang.ref.Cleaner;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds tensors that nobody closed, when the JVM runs with {@code -Dviking.leaks=trace}; without
 * the property it costs nothing. It only detects: memory is freed by closing tensors and scopes,
 * never by the garbage collector.
 */
final class LeakTracker {
  /** Whether the JVM was started with {@code -Dviking.leaks=trace}. */
  static final boolean TRACING = "trace".equals(System.getProperty("viking.leaks"));

  private static final ConcurrentHashMap<Long, Trace> LIVE = new ConcurrentHashMap<>();
  private static final @Nullable Cleaner CLEANER = TRACING ? Cleaner.create() : null;

  /** The classes on the way from an operator to a tensor, which say nothing about who made it. */
  private static final Pattern MAKERS =
      Pattern.compile("dev\\.viking\\.torch\\.(Tensor\\w*|LeakTracker.*|Invoker|Op|Handles)");

  private LeakTracker() {}

  /** Where a tensor was made, and whether it became unreachable without being closed. */
  private static final class Trace extends Throwable {
    @java.io.Serial private static final long serialVersionUID = 1L;

    private final String thread = Thread.currentThread().getName();
    private volatile boolean lost;

    Trace() {
      super("made here");
    }

    String text() {
      StringBuilder text = new StringBuilder(" made by thread \"").append(thread).append('"');
      if (lost) {
        text.append(", unreachable and never closed");
      }
      Arrays.stream(getStackTrace())
          .dropWhile(frame -> MAKERS.matcher(frame.getClassName()).matches())
          .forEach(frame -> text.append("\n    at ").append(frame));
      return text.toString();
    }
  }

  static void made(TensorHandle tensor, long handle) {
    Trace trace = new Trace();
    LIVE.put(handle, trace);
    if (CLEANER != null) {
      CLEANER.register(tensor, () -> trace.lost = LIVE.containsValue(trace));
    }
  }

  static void closed(long handle) {
    LIVE.remove(handle);
  }

  /** Where a tensor was made, or nothing when not tracing. */
  static String origin(TensorHandle tensor) {
    Trace trace = TRACING ? LIVE.get(tensor.rawHandle()) : null;
    return trace == null ? "" : trace.text();
  }

  /** All live tensors, one paragraph each. */
  static String dump() {
    StringBuilder text = new StringBuilder();
    LIVE.forEach((handle, trace) -> text.append("tensor").append(trace.text()).append('\n'));
    return text.toString();
  }
}
