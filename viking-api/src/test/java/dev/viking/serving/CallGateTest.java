package dev.viking.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.viking.torch.ClosedException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CallGateTest {
  @Test
  void noMoreAreInsideThanThereArePlaces() throws Exception {
    CallGate gate = new CallGate(2);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      Thread.Builder builder = t % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
      threads.add(
          builder.start(
              () -> {
                for (int i = 0; i < 500; i++) {
                  boolean isVirtual = gate.enter();
                  most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                  Thread.onSpinWait();
                  inside.decrementAndGet();
                  gate.leave(isVirtual);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(most.get()).isBetween(1, 2);
    assertThat(gate.waiting()).isZero();
  }

  /** Whoever is inside keeps its carrier, as in a native call: nobody takes it from a busy loop. */
  @Test
  void virtualThreadsOfTwoGatesTogetherLeaveACarrierFree() throws Exception {
    int carriers =
        Integer.getInteger(
            "jdk.virtualThreadScheduler.parallelism", Runtime.getRuntime().availableProcessors());
    assumeTrue(carriers > 1, "with one carrier, none can be left free");
    List<CallGate> gates = List.of(new CallGate(carriers), new CallGate(carriers));
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicBoolean stop = new AtomicBoolean();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4 * carriers; t++) {
      CallGate gate = gates.get(t % 2);
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    boolean isVirtual = gate.enter();
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    while (!stop.get()) {
                      Thread.onSpinWait();
                    }
                    inside.decrementAndGet();
                    gate.leave(isVirtual);
                  }));
    }
    try {
      while (inside.get() < carriers - 1) {
        Thread.sleep(1);
      }
      Thread unrelated = Thread.ofVirtual().start(() -> {});
      assertThat(unrelated.join(Duration.ofSeconds(10))).as("an unrelated thread ran").isTrue();
      // All others now wait, each counted by its own gate.
      while (gates.get(0).waiting() + gates.get(1).waiting() < 3 * carriers + 1) {
        Thread.sleep(1);
      }
      // A platform thread has a carrier of its own, so to speak.
      CallGate third = new CallGate(1);
      assertThat(third.waiting()).as("waiting at other gates").isZero();
      third.leave(third.enter());
    } finally {
      stop.set(true);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(most).hasValue(carriers - 1);
    assertThat(gates).allSatisfy(gate -> assertThat(gate.waiting()).isZero());
  }

  /** Whoever waits for one predictor is in no native call, and so in nobody else's way. */
  @Test
  void aGateThatIsHeldUpDoesNotHoldUpAnother() throws Exception {
    CallGate held = new CallGate(1);
    CallGate other = new CallGate(1);
    held.hold();
    List<Thread> threads = new ArrayList<>();
    int callers = 2 * Runtime.getRuntime().availableProcessors() + 2;
    for (int t = 0; t < callers; t++) {
      threads.add(Thread.ofVirtual().start(() -> held.leave(held.enter())));
    }
    while (held.waiting() < callers) {
      Thread.sleep(1);
    }
    Thread passing = Thread.ofVirtual().start(() -> other.leave(other.enter()));
    assertThat(passing.join(Duration.ofSeconds(10))).isTrue();
    held.letGo();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(held.waiting()).isZero();
  }

  @Test
  void placesGoToWhoCameFirst() throws Exception {
    CallGate gate = new CallGate(1);
    boolean own = gate.enter();
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    Semaphore mayLeave = new Semaphore(0);
    List<Thread> threads = new ArrayList<>();
    // One of them is next in turn; all others sleep behind it.
    for (int t = 0; t < 6; t++) {
      int which = t;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    boolean isVirtual = gate.enter();
                    order.add(which);
                    mayLeave.acquireUninterruptibly();
                    gate.leave(isVirtual);
                  }));
      while (gate.waiting() <= t) {
        Thread.sleep(1);
      }
    }
    assertThat(order).isEmpty();
    gate.leave(own);
    for (int t = 0; t < 6; t++) {
      // The one that the last change woke has found its place in line.
      while (order.size() <= t || gate.near() < Math.min(2, 6 - t)) {
        Thread.sleep(1);
      }
      assertThat(order).hasSize(t + 1);
      mayLeave.release();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(order).containsExactlyElementsOf(IntStream.range(0, 6).boxed().toList());
  }

  @Test
  void waitingNextInTurnAllocatesNothing() throws Exception {
    CallGate gate = new CallGate(1);
    var management = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    AtomicLong bytes = new AtomicLong(-1);
    AtomicBoolean stop = new AtomicBoolean();
    Thread other =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!stop.get()) {
                    gate.leave(gate.enter());
                  }
                });
    Thread measured =
        Thread.ofPlatform()
            .start(
                () -> {
                  long self = Thread.currentThread().threadId();
                  // The first round finds classes that only the counting needs.
                  for (int round = 0; round < 2; round++) {
                    long before = management.getThreadAllocatedBytes(self);
                    for (int i = 0; i < 20_000; i++) {
                      gate.leave(gate.enter());
                    }
                    bytes.set(management.getThreadAllocatedBytes(self) - before);
                  }
                });
    measured.join();
    stop.set(true);
    other.join();
    assertThat(bytes.get()).isZero();
  }

  @Test
  void anInterruptedCallerWaitsAndStaysInterrupted() throws Exception {
    CallGate gate = new CallGate(1);
    boolean own = gate.enter();
    AtomicBoolean entered = new AtomicBoolean();
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread waiting =
        Thread.ofPlatform()
            .start(
                () -> {
                  boolean isVirtual = gate.enter();
                  entered.set(true);
                  interrupted.set(Thread.currentThread().isInterrupted());
                  gate.leave(isVirtual);
                });
    while (gate.waiting() == 0) {
      Thread.sleep(1);
    }
    waiting.interrupt();
    // Long enough for it to have given up staying awake.
    Thread.sleep(20);
    assertThat(entered).isFalse();
    gate.leave(own);
    waiting.join();
    assertThat(entered).isTrue();
    assertThat(interrupted).isTrue();
  }

  @Test
  void closingWaitsForThoseInsideAndTurnsOthersAway() throws Exception {
    CallGate gate = new CallGate(2);
    boolean own = gate.enter();
    AtomicBoolean first = new AtomicBoolean();
    Thread closing = Thread.ofPlatform().start(() -> first.set(gate.close()));
    while (gate.waiting() == 0) {
      Thread.sleep(1);
    }
    assertThat(first).isFalse();
    gate.leave(own);
    closing.join();
    assertThat(first).isTrue();
    assertThat(gate.close()).isFalse();
    assertThatThrownBy(gate::enter).isInstanceOf(ClosedException.class);
    assertThat(gate.waiting()).isZero();
  }
}
