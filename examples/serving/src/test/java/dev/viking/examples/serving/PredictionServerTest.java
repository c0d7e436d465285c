package dev.viking.examples.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.viking.posterior.Predictions;
import dev.viking.serving.BatcherOptions;
import dev.viking.serving.CompiledPredictor;
import dev.viking.serving.Prediction;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The server over real connections on loopback. */
class PredictionServerTest {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static PredictionServer server;

  @BeforeAll
  static void start() throws Exception {
    server = start(BatcherOptions.defaults());
  }

  private static PredictionServer start(BatcherOptions options) throws Exception {
    return new PredictionServer(0, DemoPosterior.LENET.compile(4, Predictions.SAMPLED, 1), options);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static HttpRequest request(PredictionServer to, String method, String path, String body) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + to.port() + path))
        .method(method, HttpRequest.BodyPublishers.ofString(body))
        .timeout(Duration.ofSeconds(60))
        .build();
  }

  private static HttpResponse<String> send(String method, String path, String body)
      throws Exception {
    return send(server, method, path, body);
  }

  private static HttpResponse<String> send(
      PredictionServer to, String method, String path, String body) throws Exception {
    return CLIENT.send(request(to, method, path, body), HttpResponse.BodyHandlers.ofString());
  }

  private static String image(float value) {
    float[] pixels = new float[784];
    Arrays.fill(pixels, value);
    return "{\"input\": " + Arrays.toString(pixels) + "}";
  }

  @Test
  void answersWhatThePredictorSays() throws Exception {
    HttpResponse<String> response = send("POST", "/predict", image(0.5f));
    assertThat(response.statusCode()).isEqualTo(200);
    JsonNode answer = new ObjectMapper().readTree(response.body());
    float[] pixels = new float[784];
    Arrays.fill(pixels, 0.5f);
    try (CompiledPredictor same = DemoPosterior.LENET.compile(4, Predictions.SAMPLED, 1)) {
      Prediction wanted = same.prediction(1);
      same.predict(pixels, wanted);
      for (int c = 0; c < 10; c++) {
        assertThat(answer.get("mean").get(c).floatValue()).isEqualTo(wanted.mean(0, c));
        assertThat(answer.get("probabilities").get(c).floatValue())
            .isEqualTo(wanted.probability(0, c));
      }
      assertThat(answer.get("entropy").floatValue()).isEqualTo(wanted.entropy(0));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "POST | /predict | {\"input\": [1, 2]} | 400 | has 2 numbers; 784 are needed",
        "POST | /predict | {\"input\": [1, \"a\"]} | 400 | number 1",
        "POST | /predict | {\"input\": [1e99]} | 400 | 32 bits",
        "POST | /predict | {\"input\": {}} | 400 | array",
        "POST | /predict | {\"image\": []} | 400 | image",
        "POST | /predict | {\"input\": [ | 400 | input",
        "POST | /predict | nonsense | 400 | JSON",
        "POST | /predict | '' | 400 | the end",
        "GET | /predict | '' | 405 | POST",
        "POST | /predict/more | {} | 404 | /predict",
        "GET | /nowhere | '' | 404 | /predict",
      })
  void badRequestsAreToldWhy(String method, String path, String body, int status, String reason)
      throws Exception {
    HttpResponse<String> response = send(method, path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode answer = new ObjectMapper().readTree(response.body());
    if (body.endsWith("[")) {
      assertThat(answer.get("error").textValue()).isNotEmpty();
    } else {
      assertThat(answer.get("error").textValue()).contains(reason);
    }
  }

  @Test
  void longRequestsAreRefused() throws Exception {
    HttpResponse<String> response = send("POST", "/predict", " ".repeat(40_000));
    assertThat(response.statusCode()).isEqualTo(413);
  }

  @Test
  void healthAndMetrics() throws Exception {
    assertThat(send("GET", "/health", "").body()).contains("up");
    send("POST", "/predict", image(0));
    String metrics = send("GET", "/metrics", "").body();
    assertThat(metrics)
        .contains("viking_predict_seconds_bucket{le=")
        .contains("viking_queue ")
        .contains("viking_rejected_total{reason=\"queue_full\"} 0.0")
        .contains("viking_native_handles ")
        .containsPattern("viking_process_resident_bytes \\d");
  }

  @Test
  void liveTensorsAreTold() throws Exception {
    HttpResponse<String> response = send("GET", "/debug/tensors", "");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type").orElseThrow()).contains("text/plain");
    assertThat(response.body()).contains("live on cpu: ").contains("-Dviking.leaks=trace");
    assertThat(send("POST", "/debug/tensors", "").statusCode()).isEqualTo(405);
  }

  /** Clients that hold back their requests' bodies take all places, for as long as it takes. */
  @Test
  void overloadIsToldToPredictionsOnly() throws Exception {
    PredictionServer own = start(new BatcherOptions(1, 1, 1, Duration.ofSeconds(30)));
    byte[] body = image(0.5f).getBytes(UTF_8);
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), own.port());
        slow.add(socket);
        socket.setSoTimeout(60_000);
        String head =
            "POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
                + body.length
                + "\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(UTF_8));
      }
      while (own.begun() < 3) {
        Thread.sleep(1);
      }
      HttpResponse<String> turnedAway = send(own, "POST", "/predict", image(0));
      assertThat(turnedAway.statusCode()).isEqualTo(503);
      assertThat(turnedAway.headers().firstValue("Retry-After")).contains("1");
      assertThat(turnedAway.body()).contains("too many requests");
      assertThat(send(own, "GET", "/health", "").statusCode()).isEqualTo(200);
      HttpResponse<String> metrics = send(own, "GET", "/metrics", "");
      assertThat(metrics.statusCode()).isEqualTo(200);
      assertThat(metrics.body()).contains("viking_responses_total{status=\"503\"} 1.0");
      assertThat(send(own, "GET", "/debug/tensors", "").statusCode()).isEqualTo(200);
      // One by one, since the queue has room for one; then there is room again.
      for (Socket socket : slow) {
        socket.getOutputStream().write(body);
        assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
            .startsWith("HTTP/1.1 200");
      }
      assertThat(send(own, "POST", "/predict", image(0)).statusCode()).isEqualTo(200);
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
      own.close();
    }
  }

  @Test
  void whatIsUnderWayIsAnsweredBeforeTheServerEnds() throws Exception {
    PredictionServer own = start(new BatcherOptions(64, 1, 1, Duration.ofSeconds(30)));
    CompletableFuture<?>[] answers = new CompletableFuture<?>[32];
    for (int i = 0; i < answers.length; i++) {
      answers[i] =
          CLIENT
              .sendAsync(
                  request(own, "POST", "/predict", image(1)), HttpResponse.BodyHandlers.ofString())
              .handle(
                  (response, failure) -> {
                    if (failure == null) {
                      assertThat(response.statusCode()).isEqualTo(200);
                    }
                    return null;
                  });
    }
    // Whatever the server has begun with is answered; a connection it never took may be refused.
    while (own.begun() == 0) {
      Thread.onSpinWait();
    }
    own.close();
    CompletableFuture.allOf(answers).join();
    assertThat(own.begun()).isEqualTo(own.answered());
  }
}
