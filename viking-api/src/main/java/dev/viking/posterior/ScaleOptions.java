package dev.viking.posterior;

import dev.viking.nn.ParameterLayout;
import java.util.Objects;

/**
 * Which scales a posterior gets and how alpha is trained; immutable. Start from {@link #paper}.
 *
 * @param kernelTied whether sigma_ker = alpha^(-1/2), as the paper has it
 * @param perLayer whether each layer has a sigma_im of its own, and a sigma_ker unless tied; needs
 *     the exact solver, and memory for an orthonormal basis of the image, [r, D]
 * @param precision how alpha is trained
 * @param start where the scales start
 */
public record ScaleOptions(
    boolean kernelTied, boolean perLayer, PrecisionUpdate precision, ScaleStart start) {

  /** Checks that nothing is missing. */
  public ScaleOptions {
    Objects.requireNonNull(precision, "precision");
    Objects.requireNonNull(start, "start");
  }

  /**
   * The paper's: sigma_ker tied to alpha, one sigma_im, all by gradients from given numbers.
   *
   * @return the options
   */
  public static ScaleOptions paper() {
    return new ScaleOptions(true, false, PrecisionUpdate.GRADIENT, ScaleStart.GIVEN);
  }

  /**
   * Ties sigma_ker to alpha or frees it.
   *
   * @param tied whether sigma_ker = alpha^(-1/2)
   * @return options that differ in this only
   */
  public ScaleOptions withKernelTied(boolean tied) {
    return new ScaleOptions(tied, perLayer, precision, start);
  }

  /**
   * Gives each layer scales of its own, or not.
   *
   * @param each whether each layer has its own
   * @return options that differ in this only
   */
  public ScaleOptions withPerLayer(boolean each) {
    return new ScaleOptions(kernelTied, each, precision, start);
  }

  /**
   * Changes how alpha is trained.
   *
   * @param update how
   * @return options that differ in this only
   */
  public ScaleOptions withPrecision(PrecisionUpdate update) {
    return new ScaleOptions(kernelTied, perLayer, update, start);
  }

  /**
   * Changes where the scales start.
   *
   * @param from where
   * @return options that differ in this only
   */
  public ScaleOptions withStart(ScaleStart from) {
    return new ScaleOptions(kernelTied, perLayer, precision, from);
  }

  /**
   * The scales of a model's posterior.
   *
   * @param parameters the model's
   * @return the layout
   */
  public ScaleLayout layout(ParameterLayout parameters) {
    ScaleLayout single = kernelTied ? ScaleLayout.TIED : ScaleLayout.FREE;
    return perLayer ? single.perLayer(parameters) : single;
  }
}
