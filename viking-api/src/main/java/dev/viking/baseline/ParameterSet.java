package dev.viking.baseline;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A posterior that consists of parameter vectors, all alike, such as the states of a Markov chain.
 *
 * @param description what it is of
 * @param parameters [M, D]; owned by this
 */
public record ParameterSet(FitDescription description, Tensor parameters)
    implements FittedPosterior {
  static final String KIND = "parameters";
  private static final String PARAMETERS = "parameters";

  /**
   * Checks the vectors.
   *
   * @throws ShapeException when they are not of the model's size
   */
  public ParameterSet {
    long needed = description.model().layout().total();
    if (parameters.dim() != 2 || parameters.size(0) == 0 || parameters.size(1) != needed) {
      throw new ShapeException(
          "ParameterSet: parameters have shape "
              + Arrays.toString(parameters.shape())
              + "; [M, "
              + needed
              + "] with M at least 1 is needed");
    }
  }

  static ParameterSet read(MethodFile file) {
    return new ParameterSet(file.description(), file.tensor(PARAMETERS, -1, -2));
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public Map<String, Tensor> tensors() {
    return Map.of(PARAMETERS, parameters);
  }

  @Override
  public @Nullable Tensor pointEstimate() {
    return null;
  }

  /**
   * The vectors: all of them, or where fewer are asked for, so many at equal distances, the last
   * one among them. Each predicts with batch-norm statistics of its own.
   *
   * @param request how many at most
   * @return the samples, in the caller's current scope
   */
  @Override
  public PosteriorDraw draw(DrawRequest request) {
    int members = Math.toIntExact(parameters.size(0));
    int count = Math.min(request.count(), members);
    long[] chosen = new long[count];
    for (int i = 0; i < count; i++) {
      chosen[i] = (long) (i + 1) * members / count - 1;
    }
    try (Scope scope = Scope.open()) {
      Tensor index = Tensor.of(chosen, count).to(DType.INT64).to(parameters.device());
      Tensor drawn = scope.keep(parameters.indexSelect(0, index));
      return BatchNorms.draw(description.model(), drawn, request.data());
    }
  }

  @Override
  public Map<String, Double> diagnostics() {
    return Map.of("members", (double) parameters.size(0));
  }
}
