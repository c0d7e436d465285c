package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LiveHandles.class)
class ParameterSetTest {

  @Test
  void fewerSamplesAreSpreadOverTheVectors() {
    try (Scope _ = Scope.open()) {
      long dimension = Blobs.MODEL.layout().total();
      double[] values = new double[5 * (int) dimension];
      for (int i = 0; i < values.length; i++) {
        values[i] = Math.floorDiv(i, (int) dimension);
      }
      ParameterSet set =
          new ParameterSet(
              new FitDescription("any", Map.of(), Blobs.MODEL), Tensor.of(values, 5, dimension));
      assertThat(first(set, 5)).containsExactly(0, 1, 2, 3, 4);
      assertThat(first(set, 9)).containsExactly(0, 1, 2, 3, 4);
      assertThat(first(set, 2)).containsExactly(1, 4);
      assertThat(first(set, 1)).containsExactly(4);
    }
  }

  private static double[] first(ParameterSet set, int count) {
    ParameterDraw draw =
        (ParameterDraw) set.draw(DrawRequest.of(Blobs.LOSS, Blobs.data(DType.FLOAT32), count, 0));
    return draw.parameters().select(1, 0).contiguous().toDoubleArray();
  }
}
