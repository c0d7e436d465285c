package dev.viking.baseline;

import dev.viking.posterior.PredictiveSamples;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Samples of a last layer: the network before it runs once for all of them.
 *
 * @param layer where the network is cut
 * @param mean all parameters, [D]; owned by this
 * @param matrices weight and bias of each sample, [S, C, W]; owned by this
 */
record LastLayerDraw(LastLayer layer, Tensor mean, Tensor matrices) implements PosteriorDraw {
  @Override
  public int count() {
    return Math.toIntExact(matrices.size(0));
  }

  @Override
  public PredictiveSamples predict(Tensor inputs) {
    try (Scope scope = Scope.open()) {
      Tensor features = FeatureChunks.of(layer, mean, inputs);
      return new PredictiveSamples(scope.keep(features.matmul(matrices.transpose(1, 2))));
    }
  }

  @Override
  public List<Tensor> tensors() {
    return List.of(mean, matrices);
  }
}
