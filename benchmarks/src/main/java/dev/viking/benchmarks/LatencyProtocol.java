package dev.viking.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * What latency.py asks of a worker on the JVM, ours and the twins': {@code check} prints the
 * result, {@code run N} the nanoseconds of N predictions one after the other, {@code callers T N}
 * those of N by each of T threads at once, {@code heap N} the bytes that N predictions allocate on
 * the Java heap, and {@code control T N NS} is {@code callers} with NS nanoseconds of arithmetic in
 * place of a prediction: what the machine makes of threads that neither wait nor share anything.
 * Uses nothing but the JDK.
 */
public final class LatencyProtocol {
  private LatencyProtocol() {}

  /** One thread's way to predict for the one input that everybody has. */
  public interface Caller {
    /** Predicts. */
    void predict();

    /**
     * What the last prediction said.
     *
     * @return mean and variance of each output in turn; then, for classifiers, entropy and mutual
     *     information
     */
    double[] values();
  }

  /**
   * Answers until the driver is done.
   *
   * @param about what is said when ready, without line breaks
   * @param callers makes one for each thread
   * @throws IOException when the driver is gone
   * @throws InterruptedException when told to end
   */
  public static void serve(String about, Supplier<Caller> callers)
      throws IOException, InterruptedException {
    try (BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      System.out.println("ready " + about);
      String line = commands.readLine();
      while (line != null) {
        String[] words = line.split(" ", -1);
        switch (words[0]) {
          case "check" -> {
            Caller caller = callers.get();
            caller.predict();
            System.out.println(Arrays.toString(caller.values()));
          }
          case "run" -> print(run(callers.get(), Integer.parseInt(words[1])));
          case "callers" ->
              print(together(callers, Integer.parseInt(words[1]), Integer.parseInt(words[2])));
          case "control" -> {
            long steps = Arithmetic.steps(Long.parseLong(words[3]));
            print(
                together(
                    () -> new Arithmetic(steps),
                    Integer.parseInt(words[1]),
                    Integer.parseInt(words[2])));
          }
          case "heap" -> System.out.println(heap(callers.get(), Integer.parseInt(words[1])));
          default -> {
            return;
          }
        }
        line = commands.readLine();
      }
    }
  }

  /**
   * Numbers that all workers share.
   *
   * @param file little-endian float32 numbers
   * @return the numbers
   * @throws IOException when the file cannot be read
   */
  public static float[] read(String file) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.wrap(Files.readAllBytes(Path.of(file))).order(ByteOrder.LITTLE_ENDIAN);
    float[] numbers = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(numbers);
    return numbers;
  }

  private static long[] run(Caller caller, int count) {
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      caller.predict();
      nanos[i] = System.nanoTime() - start;
    }
    return nanos;
  }

  private static long heap(Caller caller, int count) {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().threadId();
    // The first round finds classes that only the counting itself needs.
    long bytes = 0;
    for (int round = 0; round < 2; round++) {
      long before = threads.getThreadAllocatedBytes(self);
      for (int i = 0; i < count; i++) {
        caller.predict();
      }
      bytes = threads.getThreadAllocatedBytes(self) - before;
    }
    return bytes;
  }

  private static long[] together(Supplier<Caller> callers, int threads, int count)
      throws InterruptedException {
    long[][] each = new long[threads][];
    Thread[] running = new Thread[threads];
    for (int t = 0; t < threads; t++) {
      int own = t;
      running[t] = Thread.ofPlatform().start(() -> each[own] = run(callers.get(), count));
    }
    for (Thread thread : running) {
      thread.join();
    }
    return Arrays.stream(each).flatMapToLong(LongStream::of).toArray();
  }

  /** A number of dependent multiplications. */
  private static final class Arithmetic implements Caller {
    private final long steps;
    private double value = 1;

    Arithmetic(long steps) {
      this.steps = steps;
    }

    /** How many take so long when nobody disturbs, once compiled. */
    static long steps(long nanos) {
      long steps = 10_000;
      double shortest = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 2_000; i++) {
        Arithmetic trial = new Arithmetic(steps);
        shortest = Math.min(shortest, (double) run(trial, 1)[0]);
      }
      return Math.max(1, Math.round(nanos * steps / shortest));
    }

    @Override
    public void predict() {
      double x = value;
      for (long i = 0; i < steps; i++) {
        x = x * 0.999 + 0.001;
      }
      value = x;
    }

    @Override
    public double[] values() {
      return new double[] {value};
    }
  }

  private static void print(long[] nanos) {
    System.out.println(
        LongStream.of(nanos).mapToObj(Long::toString).collect(Collectors.joining(",", "[", "]")));
  }
}
