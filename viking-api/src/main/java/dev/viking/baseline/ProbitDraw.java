package dev.viking.baseline;

import dev.viking.posterior.PredictiveSamples;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * The probit approximation for a last layer's Gaussian: mean outputs over sqrt(1 + pi / 8
 * variance).
 *
 * @param layer where the network is cut
 * @param mean all parameters, [D]; owned by this
 * @param center weight and bias at the mean, [1, C, W]; owned by this
 * @param directions the columns of the covariance's factor as weights and biases, [P, C, W]
 *     float64; owned by this
 */
record ProbitDraw(LastLayer layer, Tensor mean, Tensor center, Tensor directions)
    implements PosteriorDraw {

  @Override
  public int count() {
    return 1;
  }

  @Override
  public PredictiveSamples predict(Tensor inputs) {
    try (Scope scope = Scope.open()) {
      Tensor features = FeatureChunks.of(layer, mean, inputs);
      Tensor outputs = features.matmul(center.select(0, 0).t());
      Tensor squares = Tensor.zeros(outputs.shape(), DType.FLOAT64, outputs.device());
      Tensor wide = features.to(DType.FLOAT64);
      for (long c = 0; c < layer.outputs(); c++) {
        // [P, W] of this output: the variance of f^T w is |F_c f|^2.
        try (Scope _ = Scope.open()) {
          squares.select(1, c).copy_(wide.matmul(directions.select(1, c).t()).square().sum(1));
        }
      }
      Tensor shrink = squares.mul(Math.PI / 8).add(1.0).rsqrt().to(outputs.dtype());
      return new PredictiveSamples(scope.keep(outputs.mul(shrink).unsqueeze(0)));
    }
  }

  @Override
  public List<Tensor> tensors() {
    return List.of(mean, center, directions);
  }
}
