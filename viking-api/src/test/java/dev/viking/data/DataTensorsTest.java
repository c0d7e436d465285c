package dev.viking.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LiveHandles.class)
class DataTensorsTest {
  @Test
  void imagesAreScaledToOne() {
    byte[] pixels = {0, -1, 51, 102, 1, 2, 3, 4};
    LabelledImages set = new LabelledImages(2, 1, 2, 10, pixels, new byte[] {7, 9});
    try (Scope _ = Scope.open()) {
      Tensor images = set.images(1, 0);
      assertThat(images.shape()).containsExactly(2, 2, 1, 2);
      assertThat(images.toFloatArray())
          .containsExactly(1 / 255f, 2 / 255f, 3 / 255f, 4 / 255f, 0f, 1f, 0.2f, 0.4f);
      assertThat(set.labels(1, 0).toLongArray()).containsExactly(9, 7);
    }
  }

  @Test
  void pointSetsComeInBothPrecisions() {
    Sinusoid sinusoid = Sinusoid.generate(1);
    TwoMoons moons = TwoMoons.generate(1);
    try (Scope _ = Scope.open()) {
      assertThat(sinusoid.inputs(DType.FLOAT64).toDoubleArray()).isEqualTo(sinusoid.x());
      assertThat(sinusoid.targets(DType.FLOAT32).shape()).containsExactly(10, 1);
      assertThat(sinusoid.targets(DType.FLOAT32).toFloatArray()[3])
          .isEqualTo((float) sinusoid.y()[3]);
      assertThat(moons.inputs(DType.FLOAT64).shape()).containsExactly(60, 2);
      assertThat(moons.targets(DType.FLOAT32).toFloatArray()).containsOnly(0f, 1f);
    }
    assertThatThrownBy(() -> moons.inputs(DType.INT64))
        .isInstanceOf(DTypeException.class)
        .hasMessageContaining("given INT64; needed FLOAT32 or FLOAT64");
  }
}
