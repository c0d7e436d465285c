package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.func.Func;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.MalformedModuleException;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import dev.viking.torch.TorchException;
import dev.viking.torch.UnsupportedModuleException;
import dev.viking.torch.VikingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are no modules, modules that are no functions, and inputs that do not fit. */
@ExtendWith(LiveHandles.class)
class TorchScriptRefusalTest {
  @TempDir Path temporary;

  @ParameterizedTest
  @CsvSource({
    "refused-buffer, aten::add_, calls",
    "refused-random, aten::randn_like, random",
    "refused-attribute, prim::SetAttr, last",
    "refused-no-grad, prim::CreateObject, no_grad",
    "refused-file, aten::from_file, opens a file",
    "cnn-in-training, aten::add_, norm.num_batches_tracked"
  })
  void namesOperatorAndLineOfWhatIsNoFunction(String name, String operator, String reason) {
    assertThatThrownBy(() -> TorchScriptModel.load(TorchScriptModelTest.file(name)))
        .isInstanceOf(UnsupportedModuleException.class)
        .hasMessageContaining(operator)
        .hasMessageContaining(reason)
        .hasMessageMatching("(?s).*\\.py:\\d+.*");
  }

  @Test
  void saysWhatAFileIsInstead() throws IOException {
    Path text = Files.writeString(temporary.resolve("text.pt"), "not an archive at all, only text");
    Path empty = Files.createFile(temporary.resolve("empty.pt"));
    refused(temporary.resolve("missing.pt"), "cannot be opened");
    refused(temporary, "cannot be read");
    refused(text, "no zip archive");
    refused(empty, "0 bytes");
    refused(TorchScriptModelTest.file("weights"), "torch.save");
  }

  private static void refused(Path file, String reason) {
    assertThatThrownBy(() -> TorchScriptModel.load(file))
        .isInstanceOf(MalformedModuleException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(reason);
  }

  @Test
  void noticesTruncation() throws IOException {
    byte[] whole = Files.readAllBytes(TorchScriptModelTest.file("mlp"));
    Path cut = temporary.resolve("cut.pt");
    for (int length = 1; length < whole.length; length += 311) {
      Files.write(cut, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> TorchScriptModel.load(cut))
          .isInstanceOf(MalformedModuleException.class);
    }
  }

  @Test
  void noticesDamage() throws IOException {
    byte[] whole = Files.readAllBytes(TorchScriptModelTest.file("mlp"));
    Path damaged = temporary.resolve("damaged.pt");
    int noticed = 0;
    for (int position = 0; position < whole.length; position += 211) {
      byte[] bytes = whole.clone();
      bytes[position] ^= (byte) 0xA5;
      Files.write(damaged, bytes);
      try (TorchScriptModel model = TorchScriptModel.load(damaged)) {
        assertThat(model.layout().total()).isPositive();
      } catch (VikingException e) {
        assertThat(e)
            .isInstanceOfAny(MalformedModuleException.class, UnsupportedModuleException.class);
        noticed++;
      }
    }
    assertThat(noticed).isPositive();
  }

  @Test
  void explainsInputsThatDoNotFit() {
    try (Scope _ = Scope.open();
        TorchScriptModel model = TorchScriptModel.load(TorchScriptModelTest.file("control"))) {
      Tensor p = model.initialParameters();
      Tensor x = Tensor.zeros(DType.FLOAT64, 2, 3);
      assertThatThrownBy(() -> model.apply(p, Tensor.zeros(DType.FLOAT64, 2, 4)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("aten::linear")
          .hasMessageMatching("(?s).*\\.py:\\d+.*");
      assertThatThrownBy(() -> model.apply(p, Tensor.zeros(DType.FLOAT64, 3)))
          .isInstanceOf(TorchException.class)
          .hasMessageContaining("raised an exception")
          .hasMessageContaining("expected a matrix");
      assertThatThrownBy(() -> model.apply(p.narrow(0, 0, 5), x))
          .isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> model.apply(p.to(DType.FLOAT32), x))
          .isInstanceOf(DTypeException.class);
      // An error inside a transform comes out as itself, and leaves nothing behind.
      assertThatThrownBy(
              () -> Func.grad(q -> model.apply(q, Tensor.zeros(DType.FLOAT64, 2, 4)).sum(), p))
          .isInstanceOf(ShapeException.class);
      assertThat(Func.grad(q -> model.apply(q, x).sum(), p).shape()).isEqualTo(p.shape());
    }
  }

  @Test
  void leavesParametersAndInputsAsTheyAre() {
    try (Scope _ = Scope.open();
        TorchScriptModel model = TorchScriptModel.load(TorchScriptModelTest.file("in-place"))) {
      Tensor p = model.initialParameters();
      double[] before = p.toDoubleArray();
      Tensor x = Tensor.ones(DType.FLOAT64, 2, 3);
      double[] first = model.apply(p, x).toDoubleArray();
      assertThat(p.toDoubleArray()).isEqualTo(before);
      assertThat(x.toDoubleArray()).containsOnly(1);
      assertThat(model.apply(p, x).toDoubleArray()).isEqualTo(first);
      double[] slope = Func.grad(q -> model.apply(q, x).sum(), p).toDoubleArray();
      for (int i = 0; i < slope.length; i++) {
        // The output is 2 x sin(w)^T, and every weight is met once in each of two rows.
        assertThat(slope[i]).isEqualTo(4 * Math.cos(before[i]));
      }
    }
  }

  @Test
  void refusesWorkWhenClosed() {
    try (Scope _ = Scope.open()) {
      TorchScriptModel model = TorchScriptModel.load(TorchScriptModelTest.file("mlp"));
      Tensor p = model.initialParameters();
      model.close();
      model.close();
      assertThatThrownBy(() -> model.apply(p, Tensor.zeros(DType.FLOAT64, 2, 3)))
          .isInstanceOf(ClosedException.class);
      assertThatThrownBy(model::initialParameters).isInstanceOf(ClosedException.class);
    }
  }

  @Test
  void refusesTypesThatAreNotFloating() {
    Path file = TorchScriptModelTest.file("mlp");
    assertThatThrownBy(() -> TorchScriptModel.load(file, DType.INT64, Device.CPU))
        .isInstanceOf(DTypeException.class);
  }
}
