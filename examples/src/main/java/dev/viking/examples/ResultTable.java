package dev.viking.examples;

import dev.viking.metrics.MeanStd;
import dev.viking.report.HtmlReport;
import dev.viking.report.TextTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Methods against measures, each cell the mean and standard deviation over seeds; the best of each
 * column stands out, and so does what cannot be told from it in the digits shown. For one thread.
 */
final class ResultTable {
  private final List<Column> columns;
  private final Map<String, List<double[]>> rows = new LinkedHashMap<>();

  /** What makes a value better. */
  enum Better {
    MORE,
    LESS,
    NEITHER
  }

  /**
   * A column.
   *
   * @param head its heading
   * @param decimals digits after the point
   * @param better what makes a value better
   */
  record Column(String head, int decimals, Better better) {}

  ResultTable(List<Column> columns) {
    this.columns = List.copyOf(columns);
  }

  /**
   * Adds a row.
   *
   * @param name of the method
   * @param values for each column those of all seeds
   */
  void row(String name, List<double[]> values) {
    rows.put(name, values);
  }

  /** Columns of equal width; what is best has a star. */
  String console() {
    TextTable table = new TextTable(heads().toArray(String[]::new));
    rows.forEach(
        (name, _) -> {
          List<String> cells = new ArrayList<>(List.of(name));
          cells(name).forEach(cell -> cells.add(cell.text() + (cell.best() ? "*" : " ")));
          table.row(cells.toArray(String[]::new));
        });
    return table.toString();
  }

  /** A Markdown table; what is best is bold. */
  String markdown() {
    StringBuilder text = new StringBuilder();
    line(text, heads());
    line(text, Stream.concat(Stream.of("---"), columns.stream().map(_ -> "---:")).toList());
    rows.forEach(
        (name, _) -> {
          List<String> cells = new ArrayList<>(List.of(name));
          cells(name)
              .forEach(cell -> cells.add(cell.best() ? "**" + cell.text() + "**" : cell.text()));
          line(text, cells);
        });
    return text.toString();
  }

  /** Adds the table to a report. */
  void html(HtmlReport report) {
    List<List<HtmlReport.Cell>> body = new ArrayList<>();
    rows.forEach(
        (name, _) -> {
          List<HtmlReport.Cell> cells = new ArrayList<>();
          cells.add(new HtmlReport.Cell(name, false));
          cells.addAll(cells(name));
          body.add(cells);
        });
    report.table(heads(), body);
  }

  private List<String> heads() {
    return Stream.concat(Stream.of(""), columns.stream().map(Column::head)).toList();
  }

  private static void line(StringBuilder text, List<String> cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  private List<HtmlReport.Cell> cells(String name) {
    List<HtmlReport.Cell> cells = new ArrayList<>();
    for (int c = 0; c < columns.size(); c++) {
      MeanStd value = summary(name, c);
      boolean known = Double.isFinite(value.mean());
      String text = known ? value.format(columns.get(c).decimals()) : "-";
      cells.add(new HtmlReport.Cell(text, known && rounded(c, value.mean()).equals(best(c))));
    }
    return cells;
  }

  private MeanStd summary(String name, int column) {
    return MeanStd.of(rows.getOrDefault(name, List.of()).get(column));
  }

  /** The best mean of a column as it is shown; empty where there is none. */
  private String best(int column) {
    Better better = columns.get(column).better();
    double best = Double.NaN;
    for (String name : rows.keySet()) {
      double mean = summary(name, column).mean();
      if (Double.isFinite(mean)
          && (Double.isNaN(best) || (better == Better.MORE ? mean > best : mean < best))) {
        best = mean;
      }
    }
    return better == Better.NEITHER || Double.isNaN(best) || rows.size() < 2
        ? ""
        : rounded(column, best);
  }

  private String rounded(int column, double value) {
    return String.format(Locale.ROOT, "%." + columns.get(column).decimals() + "f", value);
  }
}
