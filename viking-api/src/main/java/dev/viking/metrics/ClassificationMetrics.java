package dev.viking.metrics;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The numbers of one evaluation.
 *
 * @param count number of examples
 * @param accuracy fraction whose most probable class is right
 * @param nll negative log-likelihood of the predictive distribution, mean over examples
 * @param expectedNll the paper's NLL: mean over posterior samples of the negative log-likelihood;
 *     never below {@code nll}
 * @param brier squared distance of probabilities and one-hot label, summed over classes, mean over
 *     examples
 * @param confidence mean of the largest probability
 * @param ece expected calibration error, 15 bins, all examples
 * @param mce maximum calibration error, 15 bins, all examples
 * @param paperEce the paper's variant, see {@link Reliability#paper}; NaN when it counts no example
 * @param paperMce the paper's variant, see {@link Reliability#paper}; NaN when it counts no example
 * @param paperDropped how many examples that variant leaves out
 */
public record ClassificationMetrics(
    int count,
    double accuracy,
    double nll,
    double expectedNll,
    double brier,
    double confidence,
    double ece,
    double mce,
    double paperEce,
    double paperMce,
    int paperDropped) {

  /**
   * The numbers under fixed names, in a fixed order, as written to metrics files.
   *
   * @return an unmodifiable map
   */
  public Map<String, Double> asMap() {
    Map<String, Double> map = new LinkedHashMap<>();
    map.put("count", (double) count);
    map.put("accuracy", accuracy);
    map.put("nll", nll);
    map.put("expected_nll", expectedNll);
    map.put("brier", brier);
    map.put("confidence", confidence);
    map.put("ece", ece);
    map.put("mce", mce);
    map.put("paper_ece", paperEce);
    map.put("paper_mce", paperMce);
    map.put("paper_dropped", (double) paperDropped);
    return Collections.unmodifiableMap(map);
  }
}
