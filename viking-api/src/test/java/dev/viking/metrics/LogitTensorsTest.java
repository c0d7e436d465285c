package dev.viking.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LiveHandles.class)
class LogitTensorsTest {
  @Test
  void tensorsGiveWhatArraysGive() {
    float[] logits = {1, 2, 3, -1, 0, 1, 0, 0, 5, 2, 2, 2};
    int[] labels = {2, 0};
    try (Scope _ = Scope.open()) {
      Tensor samples = Tensor.of(logits, 2, 2, 3);
      assertThat(Classification.ofLogits(samples, labels).metrics())
          .isEqualTo(Classification.ofLogits(logits, 2, 3, labels).metrics());
      Tensor point = Tensor.of(new double[] {0, 1, 1, 0}, 2, 2);
      assertThat(Classification.ofLogits(point, new int[] {1, 0}).accuracy()).isEqualTo(1);
    }
  }

  @Test
  void refusesOtherShapes() {
    try (Scope _ = Scope.open()) {
      Tensor vector = Tensor.of(1f, 2f);
      assertThatThrownBy(() -> Classification.ofLogits(vector, new int[] {1}))
          .isInstanceOf(InvalidPredictionsException.class)
          .hasMessageContaining("given 1 dimensions");
      Tensor matrix = Tensor.of(new float[4], 2, 2);
      assertThatThrownBy(() -> Classification.ofLogits(matrix, new int[] {1}))
          .isInstanceOf(InvalidPredictionsException.class)
          .hasMessageContaining("given 1; needed 2");
    }
  }
}
