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
 * A Gaussian with independent parameters. Where the model has batch norms, their statistics are
 * estimated anew for each sample, from up to 10,000 training examples of the request.
 *
 * @param description what it is of
 * @param mean [D]; owned by this
 * @param deviations standard deviations, [D]; owned by this
 */
public record DiagonalGaussian(FitDescription description, Tensor mean, Tensor deviations)
    implements FittedPosterior {
  static final String KIND = "diagonal-gaussian";
  private static final String MEAN = "mean";
  private static final String DEVIATIONS = "deviations";

  /**
   * Checks the vectors.
   *
   * @throws ShapeException when one is not of the model's size
   */
  public DiagonalGaussian {
    long needed = description.model().layout().total();
    if (mean.dim() != 1
        || mean.size(0) != needed
        || !Arrays.equals(mean.shape(), deviations.shape())) {
      throw new ShapeException(
          "DiagonalGaussian: mean has shape "
              + Arrays.toString(mean.shape())
              + " and deviations "
              + Arrays.toString(deviations.shape())
              + "; ["
              + needed
              + "] is needed for both");
    }
  }

  static DiagonalGaussian read(MethodFile file) {
    return new DiagonalGaussian(
        file.description(), file.tensor(MEAN, -2), file.tensor(DEVIATIONS, -2));
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put(MEAN, mean);
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
      Tensor noise = Tensor.randn(rng, mean.dtype(), request.count(), mean.size(0));
      Tensor parameters = noise.mul_(deviations).add_(mean);
      return BatchNorms.draw(description.model(), scope.keep(parameters), request.data());
    }
  }

  @Override
  public Map<String, Double> diagnostics() {
    try (Scope _ = Scope.open()) {
      return Map.of("deviation_rms", Math.sqrt(deviations.square().mean().item()));
    }
  }

  @Override
  public DiagonalGaussian keepIn(Scope scope) {
    FittedPosterior.super.keepIn(scope);
    return this;
  }
}
