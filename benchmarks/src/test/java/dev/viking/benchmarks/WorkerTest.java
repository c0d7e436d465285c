package dev.viking.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The worker's replies. */
class WorkerTest {
  private final Worker worker = new Worker();

  @AfterEach
  void close() {
    worker.close();
  }

  @Test
  void writesResultsAsLittleEndianDoubles(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("sum");
    assertThat(worker.reply("result add8 " + file)).isEqualTo("ok 8");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    double[] sum = new double[8];
    bytes.asDoubleBuffer().get(sum);
    assertThat(bytes.capacity()).isEqualTo(64);
    assertThat(sum[3]).isEqualTo((float) (Inputs.unit(6, 3) + Inputs.unit(7, 3)));
  }

  @Test
  void repliesWithTwoTimesForEachRepetition() {
    assertThat(worker.reply("time add8 10 3")).matches("ok( [0-9.E]+/[0-9.E]+){3}");
  }

  /** A step long enough that all of its parts are seen. */
  @Test
  void tellsTheMemoryOfTheStepsParts() {
    String reply = worker.reply("phases viking_step@lenet/32/1 100");
    assertThat(reply).matches("ok( [a-z'-]+:-?[0-9]+)+");
    assertThat(reply)
        .contains(
            "forward-at-the-mean:",
            "backward-and-rows:",
            "projection:",
            "sample's-passes:",
            "second-derivatives:");
  }

  @Test
  void describesTheRuntime() {
    assertThat(worker.reply("info")).startsWith("ok Java " + Runtime.version());
  }

  @Test
  void answersRequestsItCannotServe() {
    assertThat(worker.reply("time sub8 1 1")).startsWith("error ").contains("sub8");
    assertThat(worker.reply("time add8 many 1")).startsWith("error ").contains("many");
    assertThat(worker.reply("time add8")).startsWith("error ");
    assertThat(worker.reply("dance")).startsWith("error unknown request");
  }
}
