package dev.viking.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

import dev.viking.nn.Activation;
import dev.viking.nn.BatchNorm2d;
import dev.viking.nn.BatchStatistics;
import dev.viking.nn.ChannelStatistics;
import dev.viking.nn.Conv2d;
import dev.viking.nn.GlobalAvgPool2d;
import dev.viking.nn.Linear;
import dev.viking.nn.Residual;
import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Networks with batch norms, whose statistics are no parameters but belong to the weights. */
@ExtendWith(LiveHandles.class)
class StateDictStatisticsTest {
  /** One norm in the chain, one inside of a residual connection. */
  private static final Sequential MODEL =
      Sequential.of(
          new long[] {1, 2, 2},
          List.of(
              new Conv2d("conv", 1, 2, 1).withoutBias(),
              new BatchNorm2d("bn", 2, 0.25),
              new Residual(List.of(new BatchNorm2d("inner.bn", 2))),
              Activation.RELU,
              new GlobalAvgPool2d(),
              new Linear("fc", 2, 1)));

  @TempDir Path folder;

  private final List<String> warnings = new ArrayList<>();
  private final Logger logger = Logger.getLogger("dev.viking.checkpoint");
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord told) {
          warnings.add(told.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
    logger.addHandler(handler);
  }

  @AfterEach
  void close() {
    logger.removeHandler(handler);
    scope.close();
  }

  private static CheckpointBuilder withoutInner() {
    return Checkpoint.builder()
        .put("0.weight", new float[] {2, -1}, 2, 1, 1, 1)
        .put("1.weight", new float[] {1, 3}, 2)
        .put("1.bias", new float[] {0.5f, -0.5f}, 2)
        .put("1.running_mean", new float[] {4, -2}, 2)
        .put("1.running_var", new double[] {3.75, 0.75}, 2)
        .put("1.num_batches_tracked", new long[] {7})
        .put("inner.bn.weight", new float[] {2, 1}, 2)
        .put("inner.bn.bias", new float[] {0, 1}, 2)
        .put("fc.weight", new float[] {1, 2}, 1, 2)
        .put("fc.bias", new float[] {10}, 1);
  }

  private static CheckpointBuilder whole() {
    return withoutInner()
        .put("inner.bn.running_mean", new float[] {1, 0.25f}, 2)
        .put("inner.bn.running_var", new float[] {1, 4}, 2)
        .put("inner.bn.num_batches_tracked", new long[] {7});
  }

  private Checkpoint written(CheckpointBuilder builder) {
    Path file = folder.resolve("weights.safetensors");
    builder.write(file);
    return Checkpoint.read(file);
  }

  private static StateDict renamed(Checkpoint file) {
    return StateDict.of(file).rename("^0\\.", "conv.").rename("^1\\.", "bn.");
  }

  /** By hand: an image of ones through every layer. */
  private static double expected() {
    double a = (2 - 4) / Math.sqrt(3.75 + 0.25) * 1 + 0.5;
    double b = (-1 + 2) / Math.sqrt(0.75 + 0.25) * 3 - 0.5;
    a += (a - 1) / Math.sqrt(1 + 1e-5) * 2;
    b += (b - 0.25) / Math.sqrt(4 + 1e-5) + 1;
    return Math.max(a, 0) + 2 * Math.max(b, 0) + 10;
  }

  private static double output(LoadedNetwork loaded) {
    Tensor ones = Tensor.ones(DType.FLOAT32, 1, 1, 2, 2);
    return loaded.model().apply(loaded.parameters(), ones).item();
  }

  @Test
  void statisticsAreLoadedWithTheParameters() {
    try (Checkpoint file = written(whole())) {
      StateDict weights = renamed(file);
      StateDictReport report = weights.report(MODEL);
      assertThat(report.complete()).isTrue();
      assertThat(report.matched())
          .hasSize(11)
          .contains(
              entry("bn.running_mean", "1.running_mean"),
              entry("inner.bn.running_var", "inner.bn.running_var"));
      LoadedNetwork loaded = weights.load(MODEL);
      assertThat(BatchStatistics.of(loaded.model()))
          .containsExactly(
              entry("bn", new ChannelStatistics(new double[] {4, -2}, new double[] {3.75, 0.75})),
              entry(
                  "inner.bn", new ChannelStatistics(new double[] {1, 0.25}, new double[] {1, 4})));
      assertThat(loaded.parameters().dtype()).isEqualTo(DType.FLOAT32);
      assertThat(output(loaded)).isCloseTo(expected(), within(1e-5));
      assertThat(warnings).isEmpty();
    }
  }

  @Test
  void missingStatisticsAreRefused() {
    try (Checkpoint file = written(withoutInner())) {
      assertThatThrownBy(() -> renamed(file).load(MODEL))
          .isInstanceOf(StateDictException.class)
          .hasMessageContaining("9 matched, 2 missing, 0 left over, 0 mismatched")
          .hasMessageContaining("missing: inner.bn.running_mean")
          .hasMessageContaining("missing: inner.bn.running_var");
    }
  }

  @Test
  void statisticsThatAreIgnoredThoughNeededAreRefused() {
    try (Checkpoint file = written(whole())) {
      assertThatThrownBy(() -> renamed(file).ignore("running_").load(MODEL))
          .isInstanceOf(StateDictException.class)
          .hasMessageContaining("The rules of ignore leave out [1.running_mean, 1.running_var")
          .hasMessageContaining("missing: bn.running_mean");
    }
  }

  @Test
  void statisticsOfOtherShapesAreReported() {
    try (Checkpoint file = written(whole())) {
      StateDictReport report =
          renamed(file)
              .rename("^bn.running_mean$", "x")
              .rename("^fc.bias$", "bn.running_mean")
              .report(MODEL);
      assertThat(report.mismatched())
          .containsExactly(entry("bn.running_mean", "given shape [1] (fc.bias); needed [2]"));
      assertThat(report.missing()).containsExactly("fc.bias");
      assertThat(report.leftOver()).containsExactly("1.running_mean");
    }
  }

  @Test
  void statisticsThatAreNoneAreRefused() {
    try (Checkpoint file =
        written(
            withoutInner()
                .put("inner.bn.running_mean", new float[] {0, 0}, 2)
                .put("inner.bn.running_var", new float[] {1, -1}, 2))) {
      assertThatThrownBy(() -> renamed(file).load(MODEL))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("inner.bn.running_var")
          .hasMessageContaining("variance -1.0");
    }
  }

  /** Parameters alone cannot carry them: refused where they are left over, else a warning. */
  @Test
  void aLayoutDoesNotLoseThemWithoutAWord() {
    try (Checkpoint file = written(whole())) {
      assertThatThrownBy(() -> renamed(file).load(MODEL.layout()))
          .isInstanceOf(StateDictException.class)
          .hasMessageContaining("left over: 1.running_mean")
          .hasMessageContaining("load(model)");
      assertThat(warnings).isEmpty();
      renamed(file).ignore("running_").load(MODEL.layout());
      assertThat(warnings).hasSize(1).first().asString().contains("were not loaded");
      Tensor start = Tensor.zeros(DType.FLOAT32, MODEL.layout().total());
      renamed(file).loadOver(MODEL.layout(), start);
      assertThat(warnings).hasSize(2);
    }
  }

  @Test
  void aStartKeepsTheStatisticsThatTheFileDoesNotHave() {
    ChannelStatistics own = new ChannelStatistics(new double[] {7, 8}, new double[] {9, 10});
    Sequential start = BatchStatistics.with(MODEL, Map.of("inner.bn", own));
    Tensor zeros = Tensor.zeros(DType.FLOAT32, MODEL.layout().total());
    try (Checkpoint file = written(withoutInner())) {
      LoadedNetwork loaded = renamed(file).loadOver(start, zeros);
      assertThat(BatchStatistics.of(loaded.model()))
          .containsEntry("inner.bn", own)
          .containsEntry(
              "bn", new ChannelStatistics(new double[] {4, -2}, new double[] {3.75, 0.75}));
      assertThat(loaded.parameters().toFloatArray())
          .containsExactly(2, -1, 1, 3, 0.5f, -0.5f, 2, 1, 0, 1, 1, 2, 10);
      assertThat(warnings).isEmpty();
      assertThatThrownBy(() -> renamed(file).ignore("running_var").loadOver(start, zeros))
          .isInstanceOf(StateDictException.class)
          .hasMessageContaining("only one of the two statistics of \"bn\"");
    }
  }

  @Test
  void whatIsWrittenIsLoadedAgain() {
    Sequential model =
        BatchStatistics.with(
            MODEL,
            Map.of(
                "bn", new ChannelStatistics(new double[] {0.5, -4}, new double[] {0.125, 3}),
                "inner.bn", new ChannelStatistics(new double[] {1, 2}, new double[] {3, 4})));
    Tensor parameters = Tensor.arange(0, MODEL.layout().total(), 1, DType.FLOAT32);
    try (Checkpoint file = written(StateDict.builder(model, parameters))) {
      assertThat(file.info("bn.running_var").dtype()).isEqualTo(DType.FLOAT32);
      LoadedNetwork loaded = StateDict.of(file).load(MODEL);
      assertThat(BatchStatistics.of(loaded.model())).isEqualTo(BatchStatistics.of(model));
      assertThat(loaded.parameters().toFloatArray()).isEqualTo(parameters.toFloatArray());
    }
  }
}
