package dev.viking.report;

import dev.viking.torch.ArgumentException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;

/**
 * A report as one HTML file that needs nothing else: pictures are inside it, there is no script and
 * no link to a resource. All text is escaped. One thread at a time.
 */
public final class HtmlReport {
  private static final String STYLE =
      """
      body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 80em; padding: 0 1em;
             color: #1c1c1c; background: #fff; }
      table { border-collapse: collapse; margin: 1em 0; font-variant-numeric: tabular-nums; }
      th, td { padding: .3em .8em; text-align: right; border-bottom: 1px solid #ddd; }
      th:first-child, td:first-child { text-align: left; }
      td.best { font-weight: bold; }
      img { max-width: 100%; height: auto; }
      pre { background: #f5f5f5; padding: .8em; overflow-x: auto; }
      .scroll { overflow-x: auto; }
      """;

  private final String title;
  private final StringBuilder body = new StringBuilder();

  /**
   * A cell of a table.
   *
   * @param text what it says
   * @param best whether it stands out
   */
  public record Cell(String text, boolean best) {}

  /**
   * Starts a report.
   *
   * @param title of the page
   */
  public HtmlReport(String title) {
    this.title = title;
    body.append("<h1>").append(escape(title)).append("</h1>\n");
  }

  /**
   * Adds a heading.
   *
   * @param text what it says
   * @return this
   */
  public HtmlReport heading(String text) {
    body.append("<h2>").append(escape(text)).append("</h2>\n");
    return this;
  }

  /**
   * Adds a paragraph.
   *
   * @param text what it says
   * @return this
   */
  public HtmlReport paragraph(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  /**
   * Adds a text that keeps its lines and spaces.
   *
   * @param text what it says
   * @return this
   */
  public HtmlReport preformatted(String text) {
    body.append("<pre>").append(escape(text)).append("</pre>\n");
    return this;
  }

  /**
   * Adds a table.
   *
   * @param headings of the columns
   * @param rows of as many cells each
   * @return this
   * @throws ArgumentException when a row has another number of cells
   */
  public HtmlReport table(List<String> headings, List<List<Cell>> rows) {
    body.append("<div class=\"scroll\"><table>\n<thead><tr>");
    headings.forEach(text -> body.append("<th>").append(escape(text)).append("</th>"));
    body.append("</tr></thead>\n<tbody>\n");
    for (List<Cell> row : rows) {
      if (row.size() != headings.size()) {
        throw new ArgumentException(
            "HtmlReport.table: argument rows: given a row of "
                + row.size()
                + " cells; needed "
                + headings.size());
      }
      body.append("<tr>");
      for (Cell cell : row) {
        body.append(cell.best() ? "<td class=\"best\">" : "<td>")
            .append(escape(cell.text()))
            .append("</td>");
      }
      body.append("</tr>\n");
    }
    body.append("</tbody></table></div>\n");
    return this;
  }

  /**
   * Adds a picture; its bytes become part of the report.
   *
   * @param png a PNG file
   * @param description for those who cannot see it
   * @return this
   * @throws UncheckedIOException when the file cannot be read
   */
  public HtmlReport picture(Path png, String description) {
    try {
      String data = Base64.getEncoder().encodeToString(Files.readAllBytes(png));
      body.append("<p><img alt=\"")
          .append(escape(description))
          .append("\" src=\"data:image/png;base64,")
          .append(data)
          .append("\"></p>\n");
    } catch (IOException e) {
      throw new UncheckedIOException(png + ": cannot be read: " + e.getMessage(), e);
    }
    return this;
  }

  /**
   * The whole page.
   *
   * @return HTML, to be stored as UTF-8
   */
  @Override
  public String toString() {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
        + escape(title)
        + "</title>\n<style>\n"
        + STYLE
        + "</style>\n</head>\n<body>\n"
        + body
        + "</body>\n</html>\n";
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
