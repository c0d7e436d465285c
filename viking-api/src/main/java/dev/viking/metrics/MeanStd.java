package dev.viking.metrics;

import dev.viking.torch.ArgumentException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Mean and standard deviation over repeated runs.
 *
 * @param count number of runs
 * @param mean their mean
 * @param std their sample standard deviation (divided by count - 1), NaN for a single run
 */
public record MeanStd(int count, double mean, double std) {
  /**
   * Summarises values.
   *
   * @param values one value of each run, at least one
   * @return mean and standard deviation
   * @throws ArgumentException when there is no value
   */
  public static MeanStd of(double... values) {
    if (values.length == 0) {
      throw new ArgumentException("MeanStd.of: argument values: given none; needed at least one");
    }
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    double mean = sum / values.length;
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    double std = values.length == 1 ? Double.NaN : Math.sqrt(squares / (values.length - 1));
    return new MeanStd(values.length, mean, std);
  }

  /**
   * Summarises every metric over several runs, for example one for each seed.
   *
   * @param runs metrics of each run, at least one
   * @return mean and standard deviation under the names of {@link ClassificationMetrics#asMap}, in
   *     its order
   * @throws ArgumentException when there is no run
   */
  public static Map<String, MeanStd> over(List<ClassificationMetrics> runs) {
    if (runs.isEmpty()) {
      throw new ArgumentException("MeanStd.over: argument runs: given none; needed at least one");
    }
    List<Map<String, Double>> maps = new ArrayList<>();
    for (ClassificationMetrics run : runs) {
      maps.add(run.asMap());
    }
    Map<String, MeanStd> result = new LinkedHashMap<>();
    for (String name : maps.getFirst().keySet()) {
      result.put(
          name, of(maps.stream().mapToDouble(map -> map.getOrDefault(name, Double.NaN)).toArray()));
    }
    return result;
  }

  /**
   * For tables: "0.9812 +- 0.0011", or the mean alone for a single run.
   *
   * @param decimals digits after the point, 0..17
   * @return the text
   */
  public String format(int decimals) {
    String pattern = "%." + decimals + "f";
    String text = String.format(Locale.ROOT, pattern, mean);
    return count == 1 ? text : text + " +- " + String.format(Locale.ROOT, pattern, std);
  }
}
