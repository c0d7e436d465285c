package dev.viking.examples;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.metrics.MeanStd;
import dev.viking.report.TextTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * The metrics of several methods, each over one or more seeds, as a table and as JSON.
 *
 * @param methods name of the method to its evaluations, one for each seed
 */
record MetricsReport(Map<String, List<Evaluation>> methods) {
  private static final int DECIMALS = 4;

  /** A column of the table: its head, and the metric that it shows. */
  private record Column(String head, String metric) {}

  private static final List<Column> COLUMNS =
      List.of(
          new Column("accuracy", "accuracy"),
          new Column("NLL", "nll"),
          new Column("NLL (paper's)", "expected_nll"),
          new Column("ECE", "ece"),
          new Column("MCE", "mce"),
          new Column("ECE (paper's)", "paper_ece"),
          new Column("MCE (paper's)", "paper_mce"),
          new Column("Brier", "brier"));

  /** The report of a run. */
  static MetricsReport of(List<SeedResult> seeds) {
    Map<String, List<Evaluation>> methods = new LinkedHashMap<>();
    methods.put("MAP", each(seeds, SeedResult::map));
    methods.put("VIKING mean", each(seeds, SeedResult::mean));
    methods.put("VIKING", each(seeds, SeedResult::viking));
    return new MetricsReport(methods);
  }

  private static List<Evaluation> each(
      List<SeedResult> seeds, Function<SeedResult, Evaluation> method) {
    return seeds.stream().map(method).toList();
  }

  /** The table, one line for each method. */
  String table() {
    List<String> head = new ArrayList<>(List.of(""));
    COLUMNS.forEach(column -> head.add(column.head()));
    TextTable table = new TextTable(head.toArray(String[]::new));
    methods.forEach(
        (name, evaluations) -> {
          List<String> row = new ArrayList<>(List.of(name));
          COLUMNS.forEach(
              column -> row.add(summary(evaluations, column.metric()).format(DECIMALS)));
          table.row(row.toArray(String[]::new));
        });
    return table.toString();
  }

  private static MeanStd summary(List<Evaluation> evaluations, String metric) {
    return MeanStd.of(
        evaluations.stream()
            .mapToDouble(each -> each.metrics().getOrDefault(metric, Double.NaN))
            .toArray());
  }

  /** All that a run found, as JSON. */
  static ObjectNode json(
      RunConfig config, ImageSets sets, long parameters, List<SeedResult> seeds) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("format", "viking-metrics-1");
    root.set("config", config.options());
    root.putObject("data")
        .put("name", sets.name())
        .put("train", sets.train().count())
        .put("validation", sets.validation().count())
        .put("test", sets.test().count());
    root.put("parameters", parameters);
    ObjectNode summary = root.putObject("summary");
    of(seeds).methods().forEach((name, each) -> summarise(summary.putObject(key(name)), each));
    ArrayNode list = root.putArray("seeds");
    seeds.forEach(seed -> seed.write(list.addObject()));
    return root;
  }

  /** This report alone, as JSON. */
  ObjectNode json() {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("format", "viking-evaluation-1");
    methods.forEach((name, each) -> each.getFirst().write(root.putObject(key(name))));
    return root;
  }

  private static void summarise(ObjectNode target, List<Evaluation> evaluations) {
    for (String metric : evaluations.getFirst().metrics().keySet()) {
      MeanStd value = summary(evaluations, metric);
      ObjectNode node = target.putObject(metric);
      Evaluation.putNumber(node, "mean", value.mean());
      Evaluation.putNumber(node, "std", value.std());
    }
  }

  /** A method's name as a JSON key. */
  static String key(String name) {
    return name.toLowerCase(Locale.ROOT).replace(' ', '_');
  }
}
