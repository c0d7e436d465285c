package dev.viking.examples;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.baseline.Method;
import dev.viking.metrics.MeanStd;
import dev.viking.metrics.OutOfDistribution;
import dev.viking.metrics.UncertaintyScore;
import dev.viking.report.HtmlReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The results of a comparison as tables, JSON and a page.
 *
 * @param settings that all cells have in common
 * @param methods by name, in the order of the table
 * @param outcome what came out
 */
record CompareReport(
    CompareSettings settings, Map<String, Method> methods, CompareRun.Outcome outcome) {
  private static final int DIGITS = 4;

  /** A measure of a cell, and how it is shown. */
  private record Measure(ResultTable.Column column, ToDoubleFunction<CellResult> value) {}

  private static Measure metric(String head, String name, ResultTable.Better better) {
    return new Measure(
        new ResultTable.Column(head, DIGITS, better),
        cell -> cell.evaluation().metrics().getOrDefault(name, Double.NaN));
  }

  private static Measure seconds(String head, ToDoubleFunction<CellResult.Seconds> value) {
    return new Measure(
        new ResultTable.Column(head, 0, ResultTable.Better.NEITHER),
        cell -> value.applyAsDouble(cell.seconds()));
  }

  private static final List<Measure> MEASURES =
      List.of(
          metric("accuracy", "accuracy", ResultTable.Better.MORE),
          metric("NLL", "nll", ResultTable.Better.LESS),
          metric("NLL (paper's)", "expected_nll", ResultTable.Better.LESS),
          metric("ECE", "ece", ResultTable.Better.LESS),
          metric("MCE", "mce", ResultTable.Better.LESS),
          metric("ECE (paper's)", "paper_ece", ResultTable.Better.LESS),
          metric("MCE (paper's)", "paper_mce", ResultTable.Better.LESS),
          metric("Brier", "brier", ResultTable.Better.LESS),
          new Measure(
              new ResultTable.Column("accuracy-rejection", DIGITS, ResultTable.Better.MORE),
              cell -> cell.rejection().area()),
          seconds("train s", CellResult.Seconds::fit),
          seconds("evaluate s", each -> each.draw() + each.predict()));

  /** The measures of all methods. */
  ResultTable table() {
    return table(MEASURES);
  }

  private ResultTable table(List<Measure> measures) {
    ResultTable table = new ResultTable(measures.stream().map(Measure::column).toList());
    finished()
        .forEach(
            (key, cells) ->
                table.row(
                    name(key),
                    measures.stream()
                        .map(each -> cells.stream().mapToDouble(each.value()).toArray())
                        .toList()));
    return table;
  }

  /** How well other images are told from those of the data, by measure. */
  Map<String, ResultTable> outsideTables(String set) {
    Map<String, ResultTable> tables = new LinkedHashMap<>();
    tables.put("AUROC", outside(set, OutOfDistribution::auroc, ResultTable.Better.MORE));
    tables.put("AUPR", outside(set, OutOfDistribution::aupr, ResultTable.Better.MORE));
    tables.put("FPR95", outside(set, OutOfDistribution::fpr95, ResultTable.Better.LESS));
    return tables;
  }

  private ResultTable outside(
      String set, ToDoubleFunction<OutOfDistribution> value, ResultTable.Better better) {
    List<Measure> measures = new ArrayList<>();
    for (UncertaintyScore score : UncertaintyScore.values()) {
      measures.add(
          new Measure(
              new ResultTable.Column(score.key().replace('_', ' '), DIGITS, better),
              cell -> {
                OutOfDistribution found =
                    cell.outside().getOrDefault(set, Map.of()).get(score.key());
                return found == null ? Double.NaN : value.applyAsDouble(found);
              }));
    }
    return table(measures);
  }

  /** Methods of which at least one cell is there. */
  Map<String, List<CellResult>> finished() {
    Map<String, List<CellResult>> finished = new LinkedHashMap<>();
    outcome
        .results()
        .forEach(
            (key, cells) -> {
              if (!cells.isEmpty()) {
                finished.put(key, cells);
              }
            });
    return finished;
  }

  /** What tables call a method. */
  String name(String key) {
    Method method = methods.get(key);
    return method == null ? key : method.name();
  }

  /** All that is on the console: the table, and how well other images are told apart. */
  String console() {
    StringBuilder text = new StringBuilder(table().console());
    for (String set : settings.outside().keySet()) {
      text.append("\nAUROC, ").append(set).append(" told from ").append(settings.sets().name());
      text.append("\n")
          .append(outside(set, OutOfDistribution::auroc, ResultTable.Better.MORE).console());
    }
    outcome
        .failures()
        .forEach((cell, why) -> text.append(cell).append(": ").append(why).append('\n'));
    return text.toString();
  }

  /** All tables as Markdown. */
  String markdown() {
    StringBuilder text = new StringBuilder(table().markdown());
    for (String set : settings.outside().keySet()) {
      outsideTables(set)
          .forEach(
              (measure, table) ->
                  text.append("\n")
                      .append(measure)
                      .append(", ")
                      .append(set)
                      .append(" told from ")
                      .append(settings.sets().name())
                      .append(":\n\n")
                      .append(table.markdown()));
    }
    return text.toString();
  }

  /** All results as JSON. */
  ObjectNode json() {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("format", "viking-compare-1");
    root.put("model", settings.model().toString());
    root.put("parameters", settings.network().layout().total());
    root.put("split", settings.split().name().toLowerCase(Locale.ROOT));
    root.put("samples", settings.samples());
    root.putObject("data")
        .put("name", settings.sets().name())
        .put("train", settings.sets().train().count())
        .put("validation", settings.sets().validation().count())
        .put("fingerprint", settings.fingerprint());
    ObjectNode list = root.putObject("methods");
    finished()
        .forEach(
            (key, cells) -> {
              ObjectNode node = list.putObject(key);
              node.put("name", name(key));
              Method method = methods.get(key);
              ObjectNode hyperparameters = node.putObject("hyperparameters");
              if (method != null) {
                method.hyperparameters().forEach(hyperparameters::put);
              }
              summarise(node.putObject("summary"), cells);
              ArrayNode each = node.putArray("cells");
              cells.forEach(cell -> cell.write(each.addObject().put("seed", cell.seed())));
            });
    ObjectNode failures = root.putObject("failures");
    outcome.failures().forEach(failures::put);
    return root;
  }

  private static void summarise(ObjectNode target, List<CellResult> cells) {
    Map<String, ToDoubleFunction<CellResult>> measures = new LinkedHashMap<>();
    for (String name : cells.getFirst().evaluation().metrics().keySet()) {
      measures.put(name, cell -> cell.evaluation().metrics().getOrDefault(name, Double.NaN));
    }
    measures.put("accuracy_rejection_area", cell -> cell.rejection().area());
    measures.put("fit_seconds", cell -> cell.seconds().fit());
    measures.put("evaluate_seconds", cell -> cell.seconds().draw() + cell.seconds().predict());
    measures.forEach(
        (name, value) -> {
          MeanStd summary = MeanStd.of(cells.stream().mapToDouble(value).toArray());
          ObjectNode node = target.putObject(name);
          Evaluation.putNumber(node, "mean", summary.mean());
          Evaluation.putNumber(node, "std", summary.std());
        });
  }

  /** The page: tables, pictures, settings. */
  String html(List<Long> seeds, List<Path> pictures) {
    HtmlReport page = new HtmlReport("Comparison on " + settings.sets().name());
    page.paragraph(
        "Network %s, %,d parameters; %,d images to train on, predicted: %s images; seeds %s; %d samples. Mean +- standard deviation over seeds, the best of each column in bold. ECE and MCE with 15 bins over all images, and as the paper's code counts them (100 bins, without confidences of 0.99 and more)."
            .formatted(
                settings.model(),
                settings.network().layout().total(),
                settings.sets().train().count(),
                settings.split().name().toLowerCase(Locale.ROOT),
                seeds,
                settings.samples()));
    table().html(page);
    outcome.failures().forEach((cell, why) -> page.paragraph(cell + " failed: " + why));
    for (String set : settings.outside().keySet()) {
      page.heading(set + " told from " + settings.sets().name());
      outsideTables(set)
          .forEach(
              (measure, table) -> {
                page.paragraph(measure);
                table.html(page);
              });
    }
    page.heading("Pictures");
    page.paragraph(
        "Reliability: accuracy against confidence in 15 bins, the predictions of all seeds that a method has pooled, and ECE and MCE of those; the table has the mean over seeds. Curves are means over seeds.");
    for (Path picture : pictures) {
      String file = String.valueOf(picture.getFileName());
      page.picture(picture, file.replace(".png", ""));
    }
    page.heading("Settings");
    methods.forEach(
        (key, method) -> {
          StringBuilder text = new StringBuilder();
          method
              .hyperparameters()
              .forEach((name, value) -> text.append(name).append(" = ").append(value).append('\n'));
          page.paragraph(key + ": " + method.name()).preformatted(text.toString());
        });
    return page.toString();
  }
}
