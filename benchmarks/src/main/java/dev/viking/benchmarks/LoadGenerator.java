package dev.viking.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Loads the serving example: finds its capacity, then a steady half of it, then three times as much
 * as it can do. Arguments: port, process, numbers in an input, seconds of steady load, seconds of
 * overload, connections, report without extension, how it was called.
 */
final class LoadGenerator {
  private static final double CAPACITY_SECONDS = 6;
  private static final double STEADY_SHARE = 0.5;
  private static final double OVERLOAD = 3;

  private final int port;
  private final long process;
  private final byte[] request;
  private final int connections;
  private final List<String> rows = new ArrayList<>();
  private final List<String> json = new ArrayList<>();

  private LoadGenerator(int port, long process, int features, int connections) {
    this.port = port;
    this.process = process;
    this.connections = connections;
    StringBuilder input = new StringBuilder("{\"input\":[");
    for (int i = 0; i < features; i++) {
      input.append(i == 0 ? "" : ",").append(Math.round(100 * Math.sin(i)) / 100.0);
    }
    this.request = LoadConnection.request("POST", "/predict", input.append("]}").toString());
  }

  static void main(String[] arguments) throws IOException, InterruptedException {
    LoadGenerator load =
        new LoadGenerator(
            Integer.parseInt(arguments[0]),
            Long.parseLong(arguments[1]),
            Integer.parseInt(arguments[2]),
            Integer.parseInt(arguments[5]));
    boolean good =
        load.run(
            Double.parseDouble(arguments[3]),
            Double.parseDouble(arguments[4]),
            arguments[6],
            arguments[7]);
    System.exit(good ? 0 : 1);
  }

  private boolean run(double steady, double overload, String out, String options)
      throws IOException, InterruptedException {
    // As many as keep the server busy without filling its queue.
    phase(new LoadPhase("warm-up", Double.POSITIVE_INFINITY, CAPACITY_SECONDS, 16));
    double capacity =
        phase(new LoadPhase("capacity", Double.POSITIVE_INFINITY, CAPACITY_SECONDS, 16)).rate();
    LoadPhase.Result calm =
        phase(new LoadPhase("steady", STEADY_SHARE * capacity, steady, connections));
    // Buffers that only an overload needs are there after the first one.
    phase(new LoadPhase("overload, first", OVERLOAD * capacity, 10, connections));
    Memory before = memory();
    LoadPhase.Result much =
        phase(new LoadPhase("overload", OVERLOAD * capacity, overload, connections));
    Memory after = memory();
    LoadPhase.Result later =
        phase(new LoadPhase("steady again", STEADY_SHARE * capacity, 5, connections));
    boolean healthy = status("/health") == 200;
    long errors = calm.others() + much.others() + later.others();
    String summary =
        String.format(
            Locale.ROOT,
            "Errors other than rejections: %d. Over the overload the process grew by %.1f MiB"
                + " (%.1f to %.1f), native handles by %d, bytes in tensors by %d. Health"
                + " afterwards: %s.",
            errors,
            (after.resident() - before.resident()) / 1048576.0,
            before.resident() / 1048576.0,
            after.resident() / 1048576.0,
            after.handles() - before.handles(),
            after.tensorBytes() - before.tensorBytes(),
            healthy ? "200" : "not 200");
    write(out, options, capacity, summary);
    return errors == 0 && healthy;
  }

  private LoadPhase.Result phase(LoadPhase phase) throws IOException, InterruptedException {
    LoadPhase.Result result = phase.run(port, request);
    Memory memory = memory();
    rows.add(
        String.format(
            Locale.ROOT,
            "| %s | %s | %.0f | %d | %d | %d | %d | %.2f | %.2f | %.2f | %.2f | %.0f |",
            phase.name(),
            Double.isInfinite(phase.offered())
                ? phase.connections() + " callers"
                : String.format(Locale.ROOT, "%.0f/s", phase.offered()),
            result.rate(),
            result.count(200),
            result.count(429),
            result.count(503),
            result.others(),
            LoadPhase.Result.percentile(result.accepted(), 0.5) / 1000,
            LoadPhase.Result.percentile(result.accepted(), 0.99) / 1000,
            LoadPhase.Result.percentile(result.accepted(), 0.999) / 1000,
            LoadPhase.Result.percentile(result.rejected(), 0.99) / 1000,
            memory.resident() / 1048576.0));
    json.add(
        String.format(
            Locale.ROOT,
            "{\"phase\": \"%s\", \"offered_per_second\": %s, \"seconds\": %.2f, \"sent\": %d,"
                + " \"statuses\": %s, \"accepted_us\": %s, \"rejected_us\": %s,"
                + " \"resident_bytes\": %d, \"native_handles\": %d, \"tensor_bytes\": %d}",
            phase.name(),
            Double.isInfinite(phase.offered())
                ? "null"
                : String.format(Locale.ROOT, "%.1f", phase.offered()),
            result.seconds(),
            result.sent(),
            result.statuses().entrySet().stream()
                .map(e -> "\"" + e.getKey() + "\": " + e.getValue())
                .toList()
                .toString()
                .replace('[', '{')
                .replace(']', '}'),
            percentiles(result.accepted()),
            percentiles(result.rejected()),
            memory.resident(),
            memory.handles(),
            memory.tensorBytes()));
    System.err.println(rows.getLast());
    return result;
  }

  private static String percentiles(long[] sorted) {
    if (sorted.length == 0) {
      return "null";
    }
    return String.format(
        Locale.ROOT,
        "{\"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"max\": %.1f}",
        LoadPhase.Result.percentile(sorted, 0.5),
        LoadPhase.Result.percentile(sorted, 0.99),
        LoadPhase.Result.percentile(sorted, 0.999),
        LoadPhase.Result.percentile(sorted, 1));
  }

  /** What the server holds. */
  private record Memory(long resident, long handles, long tensorBytes) {}

  private Memory memory() throws IOException {
    String status = Files.readString(Path.of("/proc/" + process + "/status"));
    String metrics = "";
    try (LoadConnection connection = new LoadConnection(port)) {
      metrics = connection.text(LoadConnection.request("GET", "/metrics", ""));
    }
    return new Memory(
        1024 * (long) number(status, "VmRSS:\\s*(\\d+)"),
        (long) number(metrics, "(?m)^viking_native_handles ([0-9.eE+]+)"),
        (long) number(metrics, "(?m)^viking_native_tensor_bytes ([0-9.eE+]+)"));
  }

  private static double number(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    if (!matcher.find()) {
      throw new IllegalStateException("no " + pattern + " in:\n" + text);
    }
    return Double.parseDouble(matcher.group(1));
  }

  private int status(String path) throws IOException {
    try (LoadConnection connection = new LoadConnection(port)) {
      return connection.send(LoadConnection.request("GET", path, ""));
    }
  }

  private void write(String out, String options, double capacity, String summary)
      throws IOException {
    String head =
        """
        # A service under load

        `benchmarks/load.sh %s`. The serving example and the load on the same machine, over loopback; %d CPUs.
        Milliseconds from when a request was due to its answer. Capacity is what 16 callers get who wait for their \
        answers: %.0f predictions a second. Overload offers three times as much, whatever comes back.

        | phase | offered | answered/s | 200 | 429 | 503 | other | p50 | p99 | p99.9 | p99 of rejections | resident MiB |
        |---|---|---|---|---|---|---|---|---|---|---|---|
        """
            .formatted(options, Runtime.getRuntime().availableProcessors(), capacity);
    Files.writeString(
        Path.of(out + ".md"), head + String.join("\n", rows) + "\n\n" + summary + "\n");
    Files.writeString(
        Path.of(out + ".json"),
        String.format(
            Locale.ROOT,
            "{\"options\": \"%s\", \"capacity_per_second\": %.1f, \"summary\": \"%s\",%n \"phases\": [%n  %s%n ]}%n",
            options.replace("\"", "'"),
            capacity,
            summary,
            String.join(",\n  ", json)));
    System.out.println(Files.readString(Path.of(out + ".md")));
  }
}
