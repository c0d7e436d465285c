package dev.viking.baseline;

import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The Gaussian of {@link Swag}. A sample is mean + sqrt(variance / 2) z + deviations^T w / sqrt(2
 * (K - 1)) with standard normal z [D] and w [K]; without a low-rank part mean + sqrt(variance) z.
 *
 * <p>Where the model has batch norms, their statistics are estimated anew for each sample, from up
 * to 10,000 training examples of the request.
 *
 * @param description what it is of
 * @param mean [D]; owned by this
 * @param variance of the snapshots, [D]; owned by this
 * @param deviations of the last snapshots, [K, D]; owned by this. With K = 1 there is no low-rank
 *     part
 */
public record SwagPosterior(
    FitDescription description, Tensor mean, Tensor variance, Tensor deviations)
    implements FittedPosterior {
  static final String KIND = "swag";
  private static final String MEAN = "mean";
  private static final String VARIANCE = "variance";
  private static final String DEVIATIONS = "deviations";

  /**
   * Checks the tensors.
   *
   * @throws ShapeException when one is not of the model's size
   */
  public SwagPosterior {
    long needed = description.model().layout().total();
    if (mean.dim() != 1
        || mean.size(0) != needed
        || !Arrays.equals(mean.shape(), variance.shape())
        || deviations.dim() != 2
        || deviations.size(0) == 0
        || deviations.size(1) != needed) {
      throw new ShapeException(
          "SwagPosterior: mean has shape "
              + Arrays.toString(mean.shape())
              + ", variance "
              + Arrays.toString(variance.shape())
              + " and deviations "
              + Arrays.toString(deviations.shape())
              + "; ["
              + needed
              + "] and [K, "
              + needed
              + "] are needed");
    }
  }

  static SwagPosterior read(MethodFile file) {
    return new SwagPosterior(
        file.description(),
        file.tensor(MEAN, -2),
        file.tensor(VARIANCE, -2),
        file.tensor(DEVIATIONS, -1, -2));
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put(MEAN, mean);
    tensors.put(VARIANCE, variance);
    tensors.put(DEVIATIONS, deviations);
    return Collections.unmodifiableMap(tensors);
  }

  @Override
  public Tensor pointEstimate() {
    return mean;
  }

  @Override
  public PosteriorDraw draw(DrawRequest request) {
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(request.seed(), mean.device())) {
      Tensor parameters = sample(request.count(), rng);
      return BatchNorms.draw(description.model(), scope.keep(parameters), request.data());
    }
  }

  /** Samples of the Gaussian, [S, D], in the caller's current scope. */
  Tensor sample(int count, Rng rng) {
    try (Scope scope = Scope.open()) {
      long rank = deviations.size(0);
      double share = rank > 1 ? 0.5 : 1;
      Tensor noise = Tensor.randn(rng, mean.dtype(), count, mean.size(0));
      Tensor samples = noise.mul_(variance.mul(share).sqrt());
      if (rank > 1) {
        Tensor weights = Tensor.randn(rng, mean.dtype(), count, rank);
        samples.addmm_(weights, deviations, 1, 1 / Math.sqrt(2.0 * (rank - 1)));
      }
      return scope.keep(samples.add_(mean));
    }
  }

  @Override
  public Map<String, Double> diagnostics() {
    try (Scope _ = Scope.open()) {
      return Map.of("deviation_rms", Math.sqrt(variance.mean().item()));
    }
  }

  @Override
  public SwagPosterior keepIn(Scope scope) {
    FittedPosterior.super.keepIn(scope);
    return this;
  }
}
