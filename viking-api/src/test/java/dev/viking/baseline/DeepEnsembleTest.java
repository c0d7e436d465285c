package dev.viking.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.posterior.TrainerOptions;
import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LiveHandles.class)
class DeepEnsembleTest {
  private static final MapEstimate MEMBER =
      MapEstimate.asLongAs(
          TrainerOptions.exact().batchSize(8).mleEpochs(1).sigmaEpochs(0).elboEpochs(1).build(),
          1.0);

  private static PosteriorDraw draw(FittedPosterior fitted, int count) {
    return fitted.draw(DrawRequest.of(Blobs.LOSS, Blobs.data(DType.FLOAT32), count, 0));
  }

  @Test
  void itIsItsMembersTrainedAlone() {
    try (Scope _ = Scope.open()) {
      Tensor inputs = Blobs.inputs(99, 9, DType.FLOAT32);
      ParameterSet ensemble = DeepEnsemble.of(3, MEMBER).fit(Blobs.context(5));
      List<Tensor> alone = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        PointPosterior member = MEMBER.fit(Blobs.context(DeepEnsemble.memberSeed(5, i)));
        alone.add(draw(member, 1).predict(inputs).outputs());
      }
      assertThat(draw(ensemble, 100).predict(inputs).outputs().toDoubleArray())
          .isEqualTo(Tensor.cat(alone, 0).toDoubleArray());
      assertThat(alone.get(0).sub(alone.get(1)).abs().max().item()).isGreaterThan(0.1);
    }
  }

  @Test
  void fewerSamplesAreSpreadOverTheMembers() {
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
    ParameterDraw draw = (ParameterDraw) draw(set, count);
    return draw.parameters().select(1, 0).contiguous().toDoubleArray();
  }

  @Test
  void theFirstMemberIsTheEstimateOfTheSameSeedWhoeverTrainedIt() {
    try (Scope _ = Scope.open()) {
      PointPosterior alone = MEMBER.fit(Blobs.context(7));
      DeepEnsemble method = DeepEnsemble.of(2, MEMBER);
      assertThat(method.base()).isEqualTo(MEMBER);
      ParameterSet own = method.fit(Blobs.context(7));
      ParameterSet given = method.fit(Blobs.context(7).withInitialMean(alone.pointEstimate()));
      assertThat(own.parameters().select(0, 0).toDoubleArray())
          .isEqualTo(alone.pointEstimate().toDoubleArray());
      assertThat(given.parameters().toDoubleArray()).isEqualTo(own.parameters().toDoubleArray());
    }
  }
}
