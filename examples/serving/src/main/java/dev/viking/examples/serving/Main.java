package dev.viking.examples.serving;

import dev.viking.serving.BatcherOptions;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Prediction;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Serves predictions over HTTP until it is told to stop (SIGTERM, SIGINT). */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = "Predictions of a posterior over HTTP: POST /predict, GET /health, GET /metrics.")
public final class Main implements Callable<Integer> {
  @Option(names = "--port", defaultValue = "8080", description = "0: any free one (default: 8080)")
  private int port;

  @Option(
      names = "--demo",
      defaultValue = "MLP",
      description = "network: ${COMPLETION-CANDIDATES} (default: MLP)")
  private DemoPosterior demo = DemoPosterior.MLP;

  @Option(names = "--samples", defaultValue = "32", description = "posterior samples (default: 32)")
  private int samples;

  @Option(names = "--threads", defaultValue = "1", description = "threads for one prediction")
  private int threads;

  @Option(names = "--queue", defaultValue = "64", description = "most waiting requests")
  private int queue;

  @Option(names = "--batch", defaultValue = "12", description = "most inputs of a native call")
  private int batch;

  @Option(
      names = "--timeout",
      defaultValue = "100",
      description = "milliseconds a request may wait")
  private long timeout;

  @Option(names = "--once", description = "predict once, print the mean, and end")
  private boolean once;

  private Main() {}

  /**
   * Starts the server.
   *
   * @param arguments --help lists them
   */
  public static void main(String[] arguments) {
    // What the JDK's server does not bound by itself.
    System.setProperty("jdk.httpserver.maxConnections", "1024");
    System.setProperty("sun.net.httpserver.maxReqTime", "10");
    System.setProperty("sun.net.httpserver.maxRspTime", "10");
    int status =
        new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true).execute(arguments);
    if (status != 0) {
      System.exit(status);
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    CompiledPredictor predictor = demo.compile(samples, threads, 1);
    if (once) {
      try (predictor) {
        Prediction prediction = predictor.prediction(1);
        predictor.predict(new float[predictor.features()], prediction);
        System.out.println(prediction.mean(0, 0));
      }
      return 0;
    }
    PredictionServer server =
        new PredictionServer(
            port, predictor, new BatcherOptions(queue, batch, 1, Duration.ofMillis(timeout)));
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "shutdown"));
    System.out.println("listening on http://127.0.0.1:" + server.port());
    new CountDownLatch(1).await();
    return 0;
  }
}
