package dev.viking.examples;

import dev.viking.nn.ParameterLayout;
import dev.viking.posterior.ScaleOptions;

/**
 * How {@code posthoc} finds a posterior's scales.
 *
 * @param kind {@code --scales} as given
 * @param scales which scales there are and where they start
 * @param epochs that fit them by gradients
 * @param logPrecision where log alpha starts unless by curvature
 * @param logScaleImage where log sigma_im starts unless by curvature
 * @param memoryLimit bytes that Jacobians may take
 */
record PosthocFit(
    String kind,
    ScaleOptions scales,
    int epochs,
    double logPrecision,
    double logScaleImage,
    long memoryLimit) {

  /** Refuses scales for each layer of a network that has one alone. */
  void requireLayers(ParameterLayout parameters) {
    if (scales.perLayer() && scales.layout(parameters).count() == 1) {
      throw new UsageException(
          "--scales: "
              + kind
              + " given, but the module's parameters are of one layer; tied or free is needed");
    }
  }
}
