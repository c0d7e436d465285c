package dev.viking.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import dev.viking.nn.Activation;
import dev.viking.nn.Mlp;
import dev.viking.nn.ParameterLayout;
import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LiveHandles.class)
class StateDictTest {
  private static final Sequential MODEL = Mlp.of(new int[] {2, 3, 1}, Activation.TANH);
  private static final ParameterLayout LAYOUT = MODEL.layout();

  @TempDir Path folder;

  /** What torch.nn.Sequential(Linear(2, 3), Tanh(), Linear(3, 1)) would save. */
  private Checkpoint pytorch() {
    Path file = folder.resolve("weights.safetensors");
    try (Scope _ = Scope.open()) {
      Checkpoint.builder()
          .put("0.bias", new float[] {7, 8, 9}, 3)
          .put("0.weight", new float[] {1, 2, 3, 4, 5, 6}, 3, 2)
          .put("2.bias", new double[] {13}, 1)
          .put("2.weight", Tensor.of(new float[] {10, 11, 12}, 1, 3).to(DType.FLOAT16))
          .put("1.num_batches_tracked", new long[] {5})
          .write(file);
    }
    return Checkpoint.read(file);
  }

  private static StateDict renamed(Checkpoint file) {
    return StateDict.of(file).rename("^0\\.", "fc1.").rename("^2\\.(\\w+)$", "fc2.$1");
  }

  @Test
  void arraysAreFoundByNameAfterTheRules() {
    try (Checkpoint file = pytorch();
        Scope _ = Scope.open()) {
      Tensor flat = renamed(file).load(LAYOUT);
      assertThat(flat.dtype()).isEqualTo(DType.FLOAT32);
      assertThat(flat.toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
    }
  }

  @Test
  void whatDoesNotFitIsReportedInFull() {
    try (Checkpoint file = pytorch();
        Scope _ = Scope.open()) {
      StateDict some = renamed(file).rename("fc2\\.weight", "fc2.kernel");
      ParameterLayout other = Mlp.of(new int[] {2, 4, 1}, Activation.TANH).layout();
      StateDictReport report = some.report(other);
      assertThat(report.matched()).containsExactly(entry("fc2.bias", "2.bias"));
      assertThat(report.missing()).containsExactly("fc2.weight");
      assertThat(report.leftOver()).containsExactly("2.weight");
      assertThat(report.mismatched())
          .containsExactly(
              entry("fc1.weight", "given shape [3, 2] (0.weight); needed [4, 2]"),
              entry("fc1.bias", "given shape [3] (0.bias); needed [4]"));
      assertThat(report.complete()).isFalse();
      assertThatThrownBy(() -> some.load(other))
          .isInstanceOfSatisfying(
              StateDictException.class, e -> assertThat(e.report()).isEqualTo(report))
          .hasMessageContaining("1 matched, 1 missing, 1 left over, 2 mismatched")
          .hasMessageContaining("missing: fc2.weight");
    }
  }

  @Test
  void wholeNumbersAreNoWeights() {
    try (Checkpoint file = pytorch();
        Scope _ = Scope.open()) {
      StateDict wrong =
          renamed(file).ignore("^2.bias$").rename("^1.num_batches_tracked$", "fc2.bias");
      assertThat(wrong.report(LAYOUT).mismatched())
          .containsExactly(entry("fc2.bias", "given shape [] (1.num_batches_tracked); needed [1]"));
    }
    Path file = folder.resolve("int");
    Checkpoint.builder().put("fc2.bias", new long[] {5}, 1).write(file);
    try (Checkpoint read = Checkpoint.read(file)) {
      assertThat(StateDict.of(read).report(LAYOUT).mismatched())
          .containsExactly(
              entry("fc2.bias", "given dtype INT64 (fc2.bias); needed a floating one"));
    }
  }

  @Test
  void aStartKeepsWhatTheFileDoesNotHave() {
    try (Checkpoint file = pytorch();
        Scope _ = Scope.open()) {
      Tensor start = Tensor.full(new long[] {13}, -1, DType.FLOAT64, Device.CPU);
      StateDict body = StateDict.of(file).rename("^0\\.", "fc1.");
      assertThat(body.loadOver(LAYOUT, start).toDoubleArray())
          .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -1, -1, -1);
      assertThat(start.toDoubleArray()).containsOnly(-1);
      assertThatThrownBy(() -> StateDict.of(file).loadOver(LAYOUT, start))
          .isInstanceOf(StateDictException.class)
          .hasMessageContaining("0 matched");
      assertThatThrownBy(() -> body.loadOver(LAYOUT, start.narrow(0, 0, 12)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("needed [13]");
    }
  }

  @Test
  void rulesThatDoNotWorkAreRefused() {
    try (Checkpoint file = pytorch()) {
      StateDict all = StateDict.of(file);
      assertThatThrownBy(() -> all.rename("[", ""))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("rename");
      assertThatThrownBy(() -> all.ignore("("))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("ignore");
      assertThatThrownBy(() -> all.rename("^\\d\\.", "").report(LAYOUT))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("both become \"bias\"");
      assertThatThrownBy(() -> all.rename("weight", "$3").report(LAYOUT))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("$3");
    }
  }

  @Test
  void aModelsParametersAreWrittenUnderTheirNames() {
    Path file = folder.resolve("model.safetensors");
    try (Scope _ = Scope.open()) {
      Tensor flat = Tensor.arange(0, 13, 1, DType.FLOAT32);
      StateDict.builder(LAYOUT, flat).write(file);
      try (Checkpoint read = Checkpoint.read(file)) {
        assertThat(read.names())
            .containsExactly("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias");
        assertThat(read.info("fc2.weight").shape()).containsExactly(1L, 3L);
        assertThat(StateDict.of(read).load(LAYOUT).toFloatArray()).isEqualTo(flat.toFloatArray());
      }
    }
  }
}
