package dev.viking.examples;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.metrics.Classification;
import dev.viking.metrics.Reliability;
import dev.viking.metrics.ReliabilityBin;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How well one method predicts the test images.
 *
 * @param metrics by name, as {@link dev.viking.metrics.ClassificationMetrics#asMap}
 * @param reliability the usual 15 bins
 */
record Evaluation(Map<String, Double> metrics, Reliability reliability) {

  static Evaluation of(Classification predictions) {
    return new Evaluation(
        predictions.metrics().asMap(), predictions.reliability(Reliability.USUAL_BINS));
  }

  /** Writes metrics and bins into a JSON object; what is not a number becomes null. */
  void write(ObjectNode target) {
    metrics.forEach((name, value) -> putNumber(target, name, value));
    ArrayNode bins = target.putArray("reliability");
    for (ReliabilityBin bin : reliability.bins()) {
      bins.addObject()
          .put("lower", bin.lower())
          .put("upper", bin.upper())
          .put("count", bin.count())
          .put("accuracy", bin.accuracy())
          .put("confidence", bin.confidence());
    }
  }

  /** Reads what {@link #write} wrote. */
  static Evaluation read(JsonNode source) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    source
        .properties()
        .forEach(
            entry -> {
              if (!entry.getValue().isContainerNode()) {
                metrics.put(entry.getKey(), entry.getValue().asDouble(Double.NaN));
              }
            });
    List<ReliabilityBin> bins = new ArrayList<>();
    int counted = 0;
    for (JsonNode bin : source.path("reliability")) {
      counted += bin.path("count").asInt();
      bins.add(
          new ReliabilityBin(
              bin.path("lower").asDouble(),
              bin.path("upper").asDouble(),
              bin.path("count").asInt(),
              bin.path("accuracy").asDouble(),
              bin.path("confidence").asDouble()));
    }
    return new Evaluation(metrics, new Reliability(bins, counted, 0));
  }

  static void putNumber(ObjectNode target, String name, double value) {
    if (Double.isFinite(value)) {
      target.put(name, value);
    } else {
      target.putNull(name);
    }
  }
}
