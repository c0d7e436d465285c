package dev.viking.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LiveHandles.class)
class CheckpointTensorsTest {
  @TempDir Path folder;

  @Test
  void tensorsOfEveryStorableTypeComeBack() {
    Path file = folder.resolve("tensors");
    try (Scope _ = Scope.open()) {
      Tensor values = Tensor.of(new float[] {0, 1, 2, 3, 4, 5}, 2, 3);
      CheckpointBuilder builder = Checkpoint.builder();
      for (DType dtype : DType.values()) {
        if (dtype != DType.COMPLEX128) {
          builder.put(dtype.name(), values.to(dtype));
        }
      }
      builder.put("transposed", values.t()).put("scalar", Tensor.scalar(2.5, DType.FLOAT64));
      builder.put("nothing", Tensor.of(new float[0], 0, 3));
      builder.write(file);
      assertThatThrownBy(() -> builder.put("no", values.to(DType.COMPLEX128)))
          .isInstanceOf(DTypeException.class)
          .hasMessageContaining("COMPLEX128");
    }

    try (Checkpoint read = Checkpoint.read(file);
        Scope _ = Scope.open()) {
      assertThat(read.names()).hasSize(DType.values().length + 2);
      for (DType dtype : DType.values()) {
        if (dtype != DType.COMPLEX128) {
          Tensor back = read.tensor(dtype.name());
          assertThat(back.dtype()).isEqualTo(dtype);
          assertThat(back.shape()).containsExactly(2, 3);
          float[] expected =
              dtype == DType.BOOL ? new float[] {0, 1, 1, 1, 1, 1} : new float[] {0, 1, 2, 3, 4, 5};
          Tensor real = dtype == DType.COMPLEX64 ? back.abs() : back.to(DType.FLOAT32);
          assertThat(real.toFloatArray()).as(dtype.name()).containsExactly(expected);
        }
      }
      assertThat(read.tensor("transposed").toFloatArray()).containsExactly(0, 3, 1, 4, 2, 5);
      assertThat(read.tensor("scalar").item()).isEqualTo(2.5);
      assertThat(read.tensor("nothing").shape()).containsExactly(0, 3);
    }
  }
}
