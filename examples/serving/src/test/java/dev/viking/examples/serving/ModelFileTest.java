package dev.viking.examples.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.viking.posterior.Predictions;
import dev.viking.posterior.Predictor;
import dev.viking.posterior.SavedPosterior;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The server's program with a file, as far as its first prediction. */
class ModelFileTest {
  private static final Path FILE = Path.of("../consumer/moons.safetensors");

  @Test
  void predictsWithTheFilesPosterior() {
    double wanted;
    try (Scope _ = Scope.open()) {
      SavedPosterior saved = SavedPosterior.read(FILE);
      wanted =
          new Predictor(saved.requireModel(), Predictions.SAMPLED)
              .predict(saved.posterior(), saved.requireSamples(), Tensor.zeros(DType.FLOAT32, 1, 2))
              .mean()
              .item();
    }
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, UTF_8));
    int status;
    try {
      status = Main.run("--once", "--model", FILE.toString(), "--likelihood", "bernoulli");
    } finally {
      System.setOut(before);
    }
    assertThat(status).isZero();
    assertThat(Double.parseDouble(printed.toString(UTF_8).strip())).isCloseTo(wanted, within(1e-4));
  }

  @Test
  void asksForTheLikelihood() {
    PrintStream before = System.err;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setErr(new PrintStream(printed, true, UTF_8));
    int status;
    try {
      status = Main.run("--once", "--model", FILE.toString());
    } finally {
      System.setErr(before);
    }
    assertThat(status).isEqualTo(2);
    assertThat(printed.toString(UTF_8)).contains("--model needs --likelihood");
  }
}
