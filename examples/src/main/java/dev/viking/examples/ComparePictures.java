package dev.viking.examples;

import dev.viking.metrics.AccuracyRejection;
import dev.viking.metrics.Reliability;
import dev.viking.report.LinePlot;
import dev.viking.report.ReliabilityDiagram;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The pictures of a comparison.
 *
 * @param folder where they go
 * @param report the results
 */
record ComparePictures(Path folder, CompareReport report) {
  private static final int ACROSS = 4;

  /**
   * Draws all pictures; reliability is that of all seeds' predictions together, curves are means
   * over seeds.
   */
  List<Path> write() {
    List<Path> files = new ArrayList<>();
    Map<String, List<CellResult>> cells = report.finished();
    if (cells.isEmpty()) {
      return files;
    }
    files.addAll(reliability(cells));
    files.add(rejection(cells));
    if (!report.settings().rotations().isEmpty()) {
      files.add(shift(cells));
    }
    return files;
  }

  private List<Path> reliability(Map<String, List<CellResult>> cells) {
    List<Path> files = new ArrayList<>();
    List<String> keys = List.copyOf(cells.keySet());
    for (int from = 0; from < keys.size(); from += ACROSS) {
      Map<String, Reliability> models = new LinkedHashMap<>();
      for (String key : keys.subList(from, Math.min(from + ACROSS, keys.size()))) {
        models.put(
            report.name(key),
            Reliability.pooled(
                cells.getOrDefault(key, List.of()).stream()
                    .map(cell -> cell.evaluation().reliability())
                    .toList()));
      }
      Path file = folder.resolve("reliability-" + (from / ACROSS + 1) + ".png");
      RunFolder.replace(
          file,
          to ->
              ReliabilityDiagram.write(
                  to, "Reliability on " + report.settings().sets().name() + seeds(cells), models));
      files.add(file);
    }
    return files;
  }

  private static String seeds(Map<String, List<CellResult>> cells) {
    int most = cells.values().stream().mapToInt(List::size).max().orElse(0);
    return most > 1 ? ", predictions of " + most + " seeds together" : "";
  }

  private Path rejection(Map<String, List<CellResult>> cells) {
    List<LinePlot.Line> lines = new ArrayList<>();
    cells.forEach(
        (key, ofMethod) -> {
          List<Double> kept = new ArrayList<>();
          List<Double> accuracy = new ArrayList<>();
          List<AccuracyRejection.Point> first = ofMethod.getFirst().rejection().points();
          for (int i = 0; i < first.size(); i++) {
            int point = i;
            kept.add(1 - first.get(i).kept());
            accuracy.add(
                ofMethod.stream()
                    .mapToDouble(cell -> cell.rejection().points().get(point).accuracy())
                    .average()
                    .orElse(Double.NaN));
          }
          lines.add(new LinePlot.Line(report.name(key), kept, accuracy));
        });
    Path file = folder.resolve("accuracy-rejection.png");
    RunFolder.replace(
        file,
        to ->
            LinePlot.write(
                to,
                "Accuracy of what is not rejected",
                List.of(
                    new LinePlot.Chart(
                        report.settings().sets().name(), "fraction rejected", "accuracy", lines))));
    return file;
  }

  private Path shift(Map<String, List<CellResult>> cells) {
    List<LinePlot.Chart> charts = new ArrayList<>();
    Map<String, String> shown = new LinkedHashMap<>();
    shown.put("accuracy", "accuracy");
    shown.put("nll", "NLL");
    shown.put("ece", "ECE");
    shown.forEach(
        (metric, title) -> {
          List<LinePlot.Line> lines = new ArrayList<>();
          cells.forEach((key, ofMethod) -> lines.add(line(report.name(key), ofMethod, metric)));
          charts.add(new LinePlot.Chart(title, "degrees", title, lines));
        });
    Path file = folder.resolve("rotations.png");
    RunFolder.replace(file, to -> LinePlot.write(to, "Turned images", charts));
    return file;
  }

  private static LinePlot.Line line(String name, List<CellResult> cells, String metric) {
    List<Double> degrees = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    List<CellResult.Shift> first = cells.getFirst().shift();
    for (int i = 0; i < first.size(); i++) {
      int angle = i;
      degrees.add(first.get(i).degrees());
      values.add(
          cells.stream()
              .mapToDouble(
                  cell -> cell.shift().get(angle).metrics().getOrDefault(metric, Double.NaN))
              .average()
              .orElse(Double.NaN));
    }
    return new LinePlot.Line(name, degrees, values);
  }
}
