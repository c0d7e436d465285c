package dev.viking.examples.serving;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.viking.serving.BatcherOptions;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.MicroBatcher;
import dev.viking.serving.Prediction;
import dev.viking.serving.RejectedPredictionException;
import dev.viking.torch.NativeMemory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;

/**
 * /predict, /health, /metrics and /debug/tensors. Bounded: connections, predictions under way,
 * bytes of a request, requests that wait, and how long.
 */
final class PredictionServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.viking.examples.serving");
  private static final String JSON = "application/json";
  private static final String PATHS = "there are /predict, /health, /metrics and /debug/tensors";
  private static final int BYTES_PER_NUMBER = 32;

  private final CompiledPredictor predictor;
  private final MicroBatcher batcher;
  private final ServiceMetrics metrics;
  private final Semaphore requests;
  private final ArrayBlockingQueue<Prediction> storage;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final LongAdder begun = new LongAdder();
  private final LongAdder answered = new LongAdder();
  private volatile boolean draining;

  /** Answers one request's path. */
  private interface Handler {
    byte[] answer(HttpExchange exchange) throws IOException, RequestException, InterruptedException;
  }

  /**
   * Starts to serve.
   *
   * @param port 0 for any free one
   * @param predictor taken over: closed with the server
   * @param options bounds of the queue
   * @throws IOException when the port is not to be had
   */
  PredictionServer(int port, CompiledPredictor predictor, BatcherOptions options)
      throws IOException {
    this.predictor = predictor;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128);
    this.batcher = MicroBatcher.start(predictor, options);
    this.metrics = new ServiceMetrics(batcher);
    int most = 2 * options.queue() + options.batch();
    this.requests = new Semaphore(most);
    this.storage = new ArrayBlockingQueue<>(most);
    server.setExecutor(threads);
    route("/predict", "POST", JSON, this::admit);
    route("/health", "GET", JSON, exchange -> health());
    route(
        "/metrics",
        "GET",
        "text/plain; version=0.0.4; charset=utf-8",
        exchange -> metrics.scrape().getBytes(StandardCharsets.UTF_8));
    route(
        "/debug/tensors",
        "GET",
        "text/plain; charset=utf-8",
        exchange -> NativeMemory.dump().getBytes(StandardCharsets.UTF_8));
    server.createContext(
        "/", exchange -> respond(exchange, 404, JSON, PredictionJson.error(PATHS)));
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** Predictions begun, and answered. */
  long begun() {
    return begun.sum();
  }

  long answered() {
    return answered.sum();
  }

  private void route(String path, String method, String type, Handler handler) {
    server.createContext(
        path,
        exchange -> {
          int status = 200;
          byte[] body;
          try {
            if (!exchange.getRequestURI().getPath().equals(path)) {
              throw new RequestException(404, PATHS);
            }
            if (!exchange.getRequestMethod().equals(method)) {
              exchange.getResponseHeaders().set("Allow", method);
              throw new RequestException(405, path + " takes " + method);
            }
            body = handler.answer(exchange);
          } catch (RequestException e) {
            status = e.status();
            body = PredictionJson.error(String.valueOf(e.getMessage()));
          } catch (RejectedPredictionException e) {
            status = 503;
            body = PredictionJson.error(String.valueOf(e.getMessage()));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            status = 503;
            body = PredictionJson.error("shutting down");
          } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "request failed", e);
            status = 500;
            body = PredictionJson.error("internal error");
          }
          respond(exchange, status, status == 200 ? type : JSON, body);
        });
  }

  private void respond(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    metrics.count(status);
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", type);
      if (status == 503) {
        exchange.getResponseHeaders().set("Retry-After", "1");
      }
      if (draining || status == 413) {
        exchange.getResponseHeaders().set("Connection", "close");
      }
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private byte[] health() throws RequestException {
    if (draining) {
      throw new RequestException(503, "shutting down");
    }
    return "{\"status\":\"up\"}".getBytes(StandardCharsets.UTF_8);
  }

  /** Bounds the predictions under way, and nothing else: /health is asked under load, too. */
  private byte[] admit(HttpExchange exchange)
      throws IOException, RequestException, InterruptedException {
    if (!requests.tryAcquire()) {
      throw new RequestException(503, "too many requests under way");
    }
    try {
      return predict(exchange);
    } finally {
      requests.release();
    }
  }

  private byte[] predict(HttpExchange exchange)
      throws IOException, RequestException, InterruptedException {
    long start = System.nanoTime();
    begun.increment();
    int limit = 1024 + BYTES_PER_NUMBER * predictor.features();
    byte[] body = exchange.getRequestBody().readNBytes(limit + 1);
    if (body.length > limit) {
      throw new RequestException(413, "the request has more than " + limit + " bytes");
    }
    float[] input = PredictionJson.read(body, predictor.features());
    Prediction prediction = storage.poll();
    if (prediction == null) {
      prediction = predictor.prediction(1);
    }
    batcher.predict(input, prediction);
    byte[] answer = PredictionJson.write(prediction);
    answered.increment();
    // Not after a failure: a request that was interrupted may still be written to.
    storage.offer(prediction);
    metrics.latency().record(Duration.ofNanos(System.nanoTime() - start));
    return answer;
  }

  /** Takes no new connections, answers what is under way (10 s at most), then frees everything. */
  @Override
  public void close() {
    draining = true;
    LOG.log(System.Logger.Level.INFO, "shutting down: answering what is under way");
    server.stop(10);
    threads.close();
    batcher.close();
    predictor.close();
    metrics.close();
    LOG.log(System.Logger.Level.INFO, "served {0} requests", batcher.served());
  }
}
