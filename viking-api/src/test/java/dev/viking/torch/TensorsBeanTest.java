package dev.viking.torch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The library seen through JMX. */
@ExtendWith(LiveHandles.class)
@Timeout(120)
class TensorsBeanTest {
  @Test
  void tellsWhatLives() throws Exception {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    ObjectName name = new ObjectName("dev.viking:type=Tensors");
    try (Scope _ = Scope.open()) {
      Tensor.zeros(DType.FLOAT64, 1);
      assertThat(NativeMemory.registerBean()).isTrue();
      assertThat(NativeMemory.registerBean()).isTrue();
      long handles = (Long) server.getAttribute(name, "LiveTensors");
      long bytes = (Long) server.getAttribute(name, "LiveBytes");
      Tensor.zeros(DType.FLOAT32, 1000);
      assertThat(server.getAttribute(name, "LiveTensors")).isEqualTo(handles + 1);
      assertThat(server.getAttribute(name, "LiveBytes")).isEqualTo(bytes + 4000);
      assertThat(server.getAttribute(name, "Tracing"))
          .isEqualTo("trace".equals(System.getProperty("viking.leaks")));
      assertThat((String) server.invoke(name, "dump", new Object[0], new String[0]))
          .isEqualTo(NativeMemory.dump())
          .contains("live on cpu: ")
          .contains(LeakTracker.TRACING ? "made by" : "-Dviking.leaks=trace");
    }
  }

  /** A small image of the JDK may have no JMX; everything else works as ever. */
  @Test
  void doesWithoutJmx() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--limit-modules=java.desktop,java.logging,jdk.jfr,jdk.unsupported");
    System.getProperties().stringPropertyNames().stream()
        .filter(property -> property.startsWith("viking."))
        .forEach(property -> command.add("-D" + property + "=" + System.getProperty(property)));
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), TensorsBeanProgram.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    assertThat(output)
        .contains("JMX: false")
        .contains("registered: false")
        .contains("sum: 3.0")
        .contains("no bean dev.viking:type=Tensors")
        .doesNotContain("Exception in thread");
  }
}
