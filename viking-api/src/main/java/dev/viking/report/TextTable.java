package dev.viking.report;

import dev.viking.torch.ArgumentException;
import java.util.ArrayList;
import java.util.List;

/**
 * A table for the terminal: the first column is aligned left, the others right, two spaces apart,
 * with a rule under the heading. One thread at a time.
 */
public final class TextTable {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();
  private final int columns;

  /**
   * Starts a table.
   *
   * @param headings one heading for each column, at least one
   * @throws ArgumentException when there is no heading
   */
  public TextTable(String... headings) {
    if (headings.length == 0) {
      throw new ArgumentException("TextTable: argument headings: given none; needed at least one");
    }
    this.columns = headings.length;
    rows.add(List.of(headings));
  }

  /**
   * Adds a row.
   *
   * @param cells one text for each column
   * @return this
   * @throws ArgumentException when the number of cells differs from the number of headings
   */
  public TextTable row(String... cells) {
    if (cells.length != columns) {
      throw new ArgumentException(
          "TextTable.row: argument cells: given " + cells.length + "; needed " + columns);
    }
    rows.add(List.of(cells));
    return this;
  }

  /**
   * The table as text.
   *
   * @return lines that each end with a line feed and have no trailing spaces
   */
  @Override
  public String toString() {
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int c = 0; c < columns; c++) {
        widths[c] = Math.max(widths[c], length(row.get(c)));
      }
    }
    StringBuilder text = new StringBuilder();
    for (int r = 0; r < rows.size(); r++) {
      line(text, rows.get(r), widths);
      if (r == 0) {
        line(text, rule(widths), widths);
      }
    }
    return text.toString();
  }

  private static List<String> rule(int[] widths) {
    List<String> rule = new ArrayList<>();
    for (int width : widths) {
      rule.add("-".repeat(width));
    }
    return rule;
  }

  private static void line(StringBuilder text, List<String> cells, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < widths.length; c++) {
      String cell = cells.get(c);
      String padding = " ".repeat(widths[c] - length(cell));
      line.append(c == 0 ? "" : GAP).append(c == 0 ? cell + padding : padding + cell);
    }
    text.append(line.toString().stripTrailing()).append('\n');
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
