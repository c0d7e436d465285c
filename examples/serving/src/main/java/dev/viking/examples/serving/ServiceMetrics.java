package dev.viking.examples.serving;

import dev.viking.serving.MicroBatcher;
import dev.viking.torch.Device;
import dev.viking.torch.NativeMemory;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** What /metrics tells, in Prometheus' text format. */
final class ServiceMetrics implements AutoCloseable {
  private static final long PAGE_BYTES = 4096;
  private static final Path STATM = Path.of("/proc/self/statm");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Timer latency =
      Timer.builder("viking.predict")
          .description("From the request's arrival to its answer")
          .publishPercentileHistogram()
          .minimumExpectedValue(Duration.ofNanos(10_000))
          .maximumExpectedValue(Duration.ofSeconds(2))
          .register(registry);

  ServiceMetrics(MicroBatcher batcher) {
    Gauge.builder("viking.queue", batcher, MicroBatcher::waiting)
        .description("Requests that wait")
        .register(registry);
    FunctionCounter.builder("viking.served", batcher, MicroBatcher::served).register(registry);
    FunctionCounter.builder("viking.batches", batcher, MicroBatcher::batches)
        .description("Native calls; served / batches is the mean batch")
        .register(registry);
    FunctionCounter.builder("viking.rejected", batcher, MicroBatcher::rejectedFull)
        .tag("reason", "queue_full")
        .register(registry);
    FunctionCounter.builder("viking.rejected", batcher, MicroBatcher::rejectedLate)
        .tag("reason", "deadline")
        .register(registry);
    Gauge.builder("viking.native.handles", () -> NativeMemory.live(Device.CPU).handles())
        .description("Open native objects")
        .register(registry);
    Gauge.builder("viking.native.tensor.bytes", () -> NativeMemory.live(Device.CPU).bytes())
        .register(registry);
    Gauge.builder("viking.process.resident.bytes", ServiceMetrics::residentBytes)
        .description("Memory of the process, heap and native")
        .register(registry);
  }

  Timer latency() {
    return latency;
  }

  void count(int status) {
    Counter.builder("viking.responses")
        .tag("status", Integer.toString(status))
        .register(registry)
        .increment();
  }

  String scrape() {
    return registry.scrape();
  }

  private static double residentBytes() {
    try {
      return PAGE_BYTES * Double.parseDouble(Files.readString(STATM).split(" ", 3)[1]);
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  @Override
  public void close() {
    registry.close();
  }
}
