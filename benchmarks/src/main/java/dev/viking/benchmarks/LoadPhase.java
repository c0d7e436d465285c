package dev.viking.benchmarks;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * Requests at a given rate for some seconds. The schedule is fixed beforehand, whatever the server
 * does (open loop); latencies count from the moment a request was due, so that a server that stops
 * cannot hide it. At an infinite rate each connection sends as fast as it gets answers (closed
 * loop).
 *
 * @param name of the phase
 * @param offered requests a second, or infinity
 * @param seconds how long
 * @param connections how many share the rate
 */
record LoadPhase(String name, double offered, double seconds, int connections) {
  private static final int OK = 200;

  /**
   * What came back.
   *
   * @param sent requests
   * @param seconds that it took
   * @param statuses answers by status; 0 counts connections that broke
   * @param accepted nanoseconds of each answer 200, sorted
   * @param rejected nanoseconds of all others, sorted
   */
  @SuppressWarnings("ArrayRecordComponent") // read where it is made
  record Result(
      long sent, double seconds, Map<Integer, Long> statuses, long[] accepted, long[] rejected) {
    long count(int status) {
      return statuses.getOrDefault(status, 0L);
    }

    /** Answers of other kinds than a result or a rejection. */
    long others() {
      return sent - count(OK) - count(429) - count(503);
    }

    double rate() {
      return count(OK) / seconds;
    }

    /** Microseconds; NaN without answers. */
    static double percentile(long[] sorted, double share) {
      return sorted.length == 0
          ? Double.NaN
          : sorted[(int) Math.min(sorted.length - 1L, (long) (share * sorted.length))] / 1000.0;
    }
  }

  /** What one connection saw. */
  private static final class Log {
    private long[] nanos = new long[1 << 12];
    private int[] statuses = new int[1 << 12];
    private int count;

    void add(int status, long took) {
      if (count == nanos.length) {
        nanos = Arrays.copyOf(nanos, 2 * count);
        statuses = Arrays.copyOf(statuses, 2 * count);
      }
      nanos[count] = took;
      statuses[count++] = status;
    }
  }

  Result run(int port, byte[] request) throws IOException, InterruptedException {
    Log[] logs = new Log[connections];
    Thread[] threads = new Thread[connections];
    CountDownLatch ready = new CountDownLatch(connections);
    CountDownLatch go = new CountDownLatch(1);
    for (int c = 0; c < connections; c++) {
      int own = c;
      logs[c] = new Log();
      LoadConnection connection = new LoadConnection(port);
      threads[c] =
          Thread.ofVirtual()
              .start(
                  () -> {
                    ready.countDown();
                    try (connection) {
                      go.await();
                      send(connection, request, own, logs[own]);
                    } catch (IOException e) {
                      logs[own].add(0, 0);
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  });
    }
    ready.await();
    long start = System.nanoTime();
    go.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    return collect(logs, (System.nanoTime() - start) / 1e9);
  }

  private void send(LoadConnection connection, byte[] request, int own, Log log)
      throws IOException {
    long start = System.nanoTime();
    long end = start + (long) (seconds * 1e9);
    double interval = connections / offered * 1e9; // 0 in a closed loop
    double due = start + interval * own / connections;
    while (true) {
      long now = System.nanoTime();
      if (Math.max(now, (long) due) >= end) {
        return;
      }
      while (now < due) {
        LockSupport.parkNanos((long) due - now);
        now = System.nanoTime();
      }
      long from = interval == 0 ? now : (long) due;
      int status;
      try {
        status = connection.send(request);
      } catch (IOException e) {
        status = 0;
        connection.reopen();
      }
      log.add(status, System.nanoTime() - from);
      due += interval;
    }
  }

  private static Result collect(Log[] logs, double seconds) {
    Map<Integer, Long> statuses = new TreeMap<>();
    int total = Arrays.stream(logs).mapToInt(log -> log.count).sum();
    long[] accepted = new long[total];
    long[] rejected = new long[total];
    int yes = 0;
    int no = 0;
    for (Log log : logs) {
      for (int i = 0; i < log.count; i++) {
        statuses.merge(log.statuses[i], 1L, Long::sum);
        if (log.statuses[i] == OK) {
          accepted[yes++] = log.nanos[i];
        } else {
          rejected[no++] = log.nanos[i];
        }
      }
    }
    accepted = Arrays.copyOf(accepted, yes);
    rejected = Arrays.copyOf(rejected, no);
    Arrays.sort(accepted);
    Arrays.sort(rejected);
    return new Result(total, seconds, statuses, accepted, rejected);
  }
}
