package dev.viking.examples.serving;

import dev.viking.posterior.Predictions;
import dev.viking.serving.BatcherOptions;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Likelihood;
import dev.viking.serving.Prediction;
import dev.viking.serving.PredictorOptions;
import dev.viking.torch.NativeMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Serves predictions over HTTP until it is told to stop (SIGTERM, SIGINT). */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description =
        "Predictions of a posterior over HTTP: POST /predict, GET /health, GET /metrics,"
            + " GET /debug/tensors.")
public final class Main implements Callable<Integer> {
  @Option(names = "--port", defaultValue = "8080", description = "0: any free one (default: 8080)")
  private int port;

  @Option(
      names = "--model",
      paramLabel = "FILE",
      description = "a posterior with model and samples, as SavedPosterior writes it")
  private @Nullable Path model;

  @Option(
      names = "--likelihood",
      description = "what the file's outputs mean: ${COMPLETION-CANDIDATES}")
  private @Nullable Likelihood likelihood;

  @Option(
      names = "--kind",
      defaultValue = "SAMPLED",
      description = "${COMPLETION-CANDIDATES} (default: SAMPLED)")
  private Predictions kind = Predictions.SAMPLED;

  @Option(
      names = "--demo",
      defaultValue = "MLP",
      description =
          "without --model, an untrained network: ${COMPLETION-CANDIDATES} (default: MLP)")
  private DemoPosterior demo = DemoPosterior.MLP;

  @Option(
      names = "--samples",
      defaultValue = "32",
      description = "samples of the untrained network (default: 32)")
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

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets spec
  private Main() {}

  /**
   * Starts the server.
   *
   * @param arguments --help lists them
   */
  public static void main(String[] arguments) {
    // What the JDK's server does not bound by itself.
    System.setProperty("jdk.httpserver.maxConnections", "1024");
    // By default all but 200 idle connections are closed, just as a client may be using one again.
    System.setProperty("sun.net.httpserver.maxIdleConnections", "1024");
    System.setProperty("sun.net.httpserver.maxReqTime", "10");
    System.setProperty("sun.net.httpserver.maxRspTime", "10");
    int status = run(arguments);
    if (status != 0) {
      System.exit(status);
    }
  }

  /** What main does; the exit status. */
  static int run(String... arguments) {
    return new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true).execute(arguments);
  }

  private CompiledPredictor predictor() {
    Path file = model;
    if (file == null) {
      return demo.compile(samples, kind, threads);
    }
    Likelihood meaning = likelihood;
    if (meaning == null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "--model needs --likelihood: " + Arrays.toString(Likelihood.values()));
    }
    return CompiledPredictor.load(file, options(meaning, kind, threads));
  }

  /** The batcher's worker is the only caller. */
  static PredictorOptions options(Likelihood likelihood, Predictions kind, int threads) {
    return PredictorOptions.of(likelihood)
        .withKind(kind)
        .withThreads(threads)
        .withConcurrentCalls(1);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    CompiledPredictor predictor = predictor();
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
    NativeMemory.registerBean();
    new CountDownLatch(1).await();
    return 0;
  }
}
