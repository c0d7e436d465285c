package dev.viking.benchmarks;

import dev.viking.torch.Threads;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs kernels at the command of a driver, so that it can alternate between implementations that
 * are all warm.
 *
 * <p>One request per line on the standard input, one reply per line on the standard output: {@code
 * threads N}; {@code result KERNEL FILE} writes the results as little-endian float64; {@code time
 * KERNEL INNER REPETITIONS} replies with nanoseconds per operation for each repetition, {@code
 * WALL/CPU}: the time on the wall, and the calling thread's time on a CPU; {@code info} describes
 * the runtime; {@code phases KERNEL TIMES} replies with {@code PART:BYTES} for the parts of a step,
 * see {@link MemoryPhases}; {@code prepare KERNEL} makes a kernel without running it, and {@code
 * drop} frees all kernels. A reply starts with {@code ok} or {@code error}. The worker ends with
 * its input.
 */
public final class Worker implements AutoCloseable {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final Map<String, Kernel> open = new HashMap<>();

  /** A worker without kernels yet. */
  Worker() {}

  /**
   * Serves requests until the input ends.
   *
   * @param arguments none
   * @throws IOException when the input cannot be read
   */
  @SuppressWarnings("ClosingStandardOutputStreams") // nothing is written after the last reply
  public static void main(String[] arguments) throws IOException {
    try (Worker worker = new Worker();
        BufferedReader requests =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream replies = new PrintStream(System.out, true, StandardCharsets.UTF_8)) {
      for (@Nullable String line = requests.readLine(); line != null; line = requests.readLine()) {
        replies.println(worker.reply(line));
      }
    }
  }

  @Override
  public void close() {
    open.values().forEach(Kernel::close);
    open.clear();
  }

  /** The reply to one request. */
  String reply(String line) {
    String[] words = line.strip().split(" ", -1);
    try {
      return switch (words[0]) {
        case "threads" -> threads(Integer.parseInt(words[1]));
        case "result" -> result(words[1], Path.of(words[2]));
        case "time" ->
            time(kernel(words[1]), Integer.parseInt(words[2]), Integer.parseInt(words[3]));
        case "phases" -> phases(kernel(words[1]), Integer.parseInt(words[2]));
        case "prepare" -> prepare(words[1]);
        case "drop" -> drop();
        case "info" -> "ok Java " + Runtime.version() + ", " + System.getProperty("java.vm.name");
        default -> "error unknown request '" + line + "'";
      };
    } catch (RuntimeException | IOException e) {
      return "error " + e.toString().replace('\n', ' ');
    }
  }

  private static String threads(int count) {
    Threads.set(count);
    return "ok " + Threads.get();
  }

  private String result(String name, Path file) throws IOException {
    double[] values = kernel(name).result();
    ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asDoubleBuffer().put(values);
    Files.write(file, bytes.array());
    return "ok " + values.length;
  }

  private static String phases(Kernel kernel, int times) {
    StringBuilder reply = new StringBuilder("ok");
    MemoryPhases.of(kernel, times)
        .forEach((part, bytes) -> reply.append(' ').append(part).append(':').append(bytes));
    return reply.toString();
  }

  private String prepare(String name) {
    Kernel _ = kernel(name);
    return "ok";
  }

  private String drop() {
    close();
    return "ok";
  }

  private static String time(Kernel kernel, int inner, int repetitions) {
    StringBuilder reply = new StringBuilder("ok");
    for (int i = 0; i < repetitions; i++) {
      long startCpu = THREADS.getCurrentThreadCpuTime();
      long start = System.nanoTime();
      kernel.run(inner);
      double wall = System.nanoTime() - start;
      double cpu = THREADS.getCurrentThreadCpuTime() - startCpu;
      reply.append(' ').append(wall / inner).append('/').append(cpu / inner);
    }
    return reply.toString();
  }

  private Kernel kernel(String name) {
    return open.computeIfAbsent(name, Kernels::make);
  }
}
