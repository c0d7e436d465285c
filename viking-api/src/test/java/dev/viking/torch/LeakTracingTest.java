package dev.viking.torch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * What {@code -Dviking.leaks=trace} tells, in a JVM of its own because the property is read at
 * start.
 */
class LeakTracingTest {

  private static String run(String... properties) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    System.getProperties().stringPropertyNames().stream()
        .filter(name -> name.startsWith("viking."))
        .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
    command.addAll(List.of(properties));
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), LeakTracingProgram.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }

  @Test
  void forgottenTensorsAreFoundWithTheirOrigin() throws IOException, InterruptedException {
    String output = run("-Dviking.leaks=trace");
    String scope = output.substring(output.indexOf("scope:"), output.indexOf("open:"));
    assertThat(scope).contains("LeakTracingProgram.main").doesNotContain("forgetOne");
    String dump = output.substring(output.indexOf("dump:"));
    assertThat(dump)
        .contains("live on cpu: 1 handles, 16 bytes in tensors")
        .doesNotContain("tracing is off")
        .contains("unreachable and never closed")
        .contains("thread \"main\"")
        .contains("LeakTracingProgram.forgetOne")
        .containsOnlyOnce("made by");
  }

  @Test
  void withoutThePropertyNothingIsRecorded() throws IOException, InterruptedException {
    String output = run("-Dviking.leaks=none");
    assertThat(output).contains("scope: Tensor[FLOAT64, cpu, [1]]");
    assertThat(output.substring(output.indexOf("dump:")))
        .contains("live on cpu: 1 handles, 16 bytes in tensors")
        .contains("tracing is off")
        .contains("-Dviking.leaks=trace");
    assertThat(output).doesNotContain("LeakTracingProgram.main");
  }
}
