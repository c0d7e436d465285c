package dev.viking.baseline;

import dev.viking.baseline.LastLayerLaplace.OutputDistribution;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The Gaussian of {@link LastLayerLaplace}.
 *
 * @param description what it is of; its settings say how it predicts
 * @param mean all parameters, [D]; owned by this
 * @param factor F with covariance F F^T of the last layer's P parameters, [P, P] float64, weight
 *     row by row before bias; owned by this
 * @param evidence log alpha, the effective number of parameters and the evidence less the log
 *     likelihood, [3] float64; owned by this
 */
public record LastLayerPosterior(
    FitDescription description, Tensor mean, Tensor factor, Tensor evidence)
    implements FittedPosterior {
  static final String KIND = "last-layer-laplace";
  private static final String MEAN = "mean";
  private static final String FACTOR = "factor";
  private static final String EVIDENCE = "evidence";

  /**
   * Checks the tensors.
   *
   * @throws ShapeException when one does not fit the model
   * @throws ArgumentException when the model does not end with a linear layer
   */
  public LastLayerPosterior {
    long needed = description.model().layout().total();
    long own = LastLayer.of(description.method(), description.model()).size();
    if (mean.dim() != 1
        || mean.size(0) != needed
        || !Arrays.equals(factor.shape(), new long[] {own, own})
        || evidence.numel() != 3) {
      throw new ShapeException(
          "LastLayerPosterior: mean has shape "
              + Arrays.toString(mean.shape())
              + ", factor "
              + Arrays.toString(factor.shape())
              + " and evidence "
              + Arrays.toString(evidence.shape())
              + "; ["
              + needed
              + "], ["
              + own
              + ", "
              + own
              + "] and [3] are needed");
    }
  }

  static LastLayerPosterior read(MethodFile file) {
    return new LastLayerPosterior(
        file.description(),
        file.tensor(MEAN, -2),
        file.tensor(FACTOR, -1, -1),
        file.tensor(EVIDENCE, 3));
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put(MEAN, mean);
    tensors.put(FACTOR, factor);
    tensors.put(EVIDENCE, evidence);
    return Collections.unmodifiableMap(tensors);
  }

  @Override
  public Tensor pointEstimate() {
    return mean;
  }

  /**
   * Samples of the last layer, or with the probit approximation the one prediction that stands for
   * all of them.
   *
   * @param request how many
   * @return the samples, in the caller's current scope
   */
  @Override
  public PosteriorDraw draw(DrawRequest request) {
    LastLayer layer = LastLayer.of(description.method(), description.model());
    OutputDistribution kind =
        OutputDistribution.valueOf(description.hyperparameter(LastLayerLaplace.PREDICTIONS));
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(request.seed(), mean.device())) {
      Tensor own = layer.own(mean);
      Tensor copy = scope.keep(mean.cloneTensor());
      if (kind == OutputDistribution.PROBIT) {
        return new ProbitDraw(
            layer,
            copy,
            scope.keep(layer.matrices(own)),
            scope.keep(layer.matrices(factor.t().contiguous())));
      }
      Tensor noise = Tensor.randn(rng, DType.FLOAT64, request.count(), layer.size());
      Tensor samples = noise.matmul(factor.t()).add_(own.to(DType.FLOAT64)).to(mean.dtype());
      return new LastLayerDraw(layer, copy, scope.keep(layer.matrices(samples)));
    }
  }

  @Override
  public Map<String, Double> diagnostics() {
    double[] numbers = evidence.toDoubleArray();
    Map<String, Double> named = new LinkedHashMap<>();
    named.put("prior_precision", Math.exp(numbers[0]));
    named.put("effective_parameters", numbers[1]);
    named.put("log_evidence_ratio", numbers[2]);
    return Collections.unmodifiableMap(named);
  }

  @Override
  public LastLayerPosterior keepIn(Scope scope) {
    FittedPosterior.super.keepIn(scope);
    return this;
  }
}
