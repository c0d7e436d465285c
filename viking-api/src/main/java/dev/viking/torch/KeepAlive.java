package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps caller memory under zero-copy tensors reachable until libtorch reports that no tensor
 * shares it any more. The report is fetched, not pushed: libtorch may drop a storage on any thread,
 * where Java must not be called.
 */
final class KeepAlive {
  private static final ConcurrentHashMap<Long, MemorySegment> SEGMENTS = new ConcurrentHashMap<>();
  private static final AtomicLong NEXT = new AtomicLong(1);

  private KeepAlive() {}

  /** Keeps a segment; returns its identifier. */
  static long add(MemorySegment segment) {
    long identifier = NEXT.getAndIncrement();
    SEGMENTS.put(identifier, segment);
    return identifier;
  }

  /** Forgets a segment that no tensor was made of. */
  static void remove(long identifier) {
    SEGMENTS.remove(identifier);
  }

  /** Forgets the segments that are reported as no longer used. */
  static void drain() {
    if (SEGMENTS.isEmpty()) {
      return;
    }
    MemorySegment identifiers = Invoker.get().lists();
    long capacity = identifiers.byteSize() / 8;
    long reported;
    do {
      reported = viking_native_h.vk_keep_alive_drain(identifiers, capacity);
      for (long i = 0; i < reported; i++) {
        SEGMENTS.remove(identifiers.getAtIndex(ValueLayout.JAVA_LONG, i));
      }
    } while (reported == capacity);
  }

  /** How many segments are kept. */
  static int size() {
    return SEGMENTS.size();
  }
}
