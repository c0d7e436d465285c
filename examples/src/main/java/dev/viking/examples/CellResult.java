package dev.viking.examples;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.metrics.AccuracyRejection;
import dev.viking.metrics.OutOfDistribution;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one method gave with one seed.
 *
 * @param seed the seed
 * @param evaluation metrics and reliability
 * @param rejection accuracy when the least confident predictions are rejected
 * @param outside for each other set of images and each score, how well it tells them apart
 * @param shift metrics of turned images
 * @param diagnostics of posterior and samples
 * @param seconds wall-clock times
 */
record CellResult(
    long seed,
    Evaluation evaluation,
    AccuracyRejection rejection,
    Map<String, Map<String, OutOfDistribution>> outside,
    List<Shift> shift,
    Map<String, Double> diagnostics,
    Seconds seconds) {

  /**
   * How well turned images are predicted.
   *
   * @param degrees the angle
   * @param metrics by name
   */
  record Shift(double degrees, Map<String, Double> metrics) {}

  /**
   * Wall-clock times.
   *
   * @param fit of inference, with that of the network that it started from
   * @param draw of drawing samples
   * @param predict of predicting the test images
   */
  record Seconds(double fit, double draw, double predict) {}

  /** Writes the result into a JSON object. */
  void write(ObjectNode target) {
    evaluation.write(target);
    ObjectNode curve = target.putObject("accuracy_rejection");
    curve.put("area", rejection.area());
    ArrayNode points = curve.putArray("points");
    rejection
        .points()
        .forEach(
            point ->
                points.addObject().put("kept", point.kept()).put("accuracy", point.accuracy()));
    ObjectNode others = target.putObject("ood");
    outside.forEach(
        (set, scores) -> {
          ObjectNode ofSet = others.putObject(set);
          scores.forEach(
              (score, value) ->
                  ofSet
                      .putObject(score)
                      .put("auroc", value.auroc())
                      .put("aupr", value.aupr())
                      .put("fpr95", value.fpr95()));
        });
    ArrayNode angles = target.putArray("rotations");
    for (Shift each : shift) {
      ObjectNode node = angles.addObject().put("degrees", each.degrees());
      each.metrics().forEach((name, value) -> Evaluation.putNumber(node, name, value));
    }
    ObjectNode numbers = target.putObject("diagnostics");
    diagnostics.forEach((name, value) -> Evaluation.putNumber(numbers, name, value));
    target
        .putObject("seconds")
        .put("fit", seconds.fit())
        .put("draw", seconds.draw())
        .put("predict", seconds.predict());
  }

  /** Reads what {@link #write} wrote. */
  static CellResult read(long seed, JsonNode source) {
    List<AccuracyRejection.Point> points = new ArrayList<>();
    JsonNode curve = source.path("accuracy_rejection");
    for (JsonNode point : curve.path("points")) {
      points.add(
          new AccuracyRejection.Point(
              point.path("kept").asDouble(), point.path("accuracy").asDouble()));
    }
    Map<String, Map<String, OutOfDistribution>> outside = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> set : source.path("ood").properties()) {
      Map<String, OutOfDistribution> scores = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> score : set.getValue().properties()) {
        JsonNode value = score.getValue();
        scores.put(
            score.getKey(),
            new OutOfDistribution(
                value.path("auroc").asDouble(),
                value.path("aupr").asDouble(),
                value.path("fpr95").asDouble()));
      }
      outside.put(set.getKey(), scores);
    }
    List<Shift> shift = new ArrayList<>();
    for (JsonNode angle : source.path("rotations")) {
      Map<String, Double> metrics = numbers(angle);
      metrics.remove("degrees");
      shift.add(new Shift(angle.path("degrees").asDouble(), metrics));
    }
    JsonNode seconds = source.path("seconds");
    return new CellResult(
        seed,
        Evaluation.read(source),
        new AccuracyRejection(points, curve.path("area").asDouble()),
        outside,
        shift,
        numbers(source.path("diagnostics")),
        new Seconds(
            seconds.path("fit").asDouble(),
            seconds.path("draw").asDouble(),
            seconds.path("predict").asDouble()));
  }

  private static Map<String, Double> numbers(JsonNode source) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    source
        .properties()
        .forEach(entry -> numbers.put(entry.getKey(), entry.getValue().asDouble(Double.NaN)));
    return numbers;
  }
}
