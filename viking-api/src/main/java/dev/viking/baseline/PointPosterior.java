package dev.viking.baseline;

import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Map;

/**
 * All probability on one parameter vector.
 *
 * @param description what it is of
 * @param pointEstimate [D]; owned by this
 */
public record PointPosterior(FitDescription description, Tensor pointEstimate)
    implements FittedPosterior {
  static final String KIND = "point";
  private static final String PARAMETERS = "parameters";

  /**
   * Checks the vector.
   *
   * @throws ShapeException when it is not of the model's size
   */
  public PointPosterior {
    long needed = description.model().layout().total();
    if (pointEstimate.dim() != 1 || pointEstimate.size(0) != needed) {
      throw new ShapeException(
          "PointPosterior: pointEstimate has shape "
              + Arrays.toString(pointEstimate.shape())
              + "; ["
              + needed
              + "] is needed");
    }
  }

  static PointPosterior read(MethodFile file) {
    return new PointPosterior(file.description(), file.tensor(PARAMETERS, -2));
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public Map<String, Tensor> tensors() {
    return Map.of(PARAMETERS, pointEstimate);
  }

  /**
   * The one sample.
   *
   * @param request ignored
   * @return one sample, in the caller's current scope
   */
  @Override
  public PosteriorDraw draw(DrawRequest request) {
    try (Scope scope = Scope.open()) {
      Tensor copy = scope.keep(pointEstimate.unsqueeze(0).cloneTensor());
      return ParameterDraw.of(description.model(), copy);
    }
  }
}
