package dev.viking.report;

import dev.viking.torch.ArgumentException;
import java.awt.Color;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Plots several lines in one or more charts side by side, in the same colours. Stateless. */
public final class LinePlot {
  private static final int WIDTH = 560;
  private static final int HEIGHT = 420;
  private static final List<Color> COLOURS =
      List.of(
          Panels.BLUE,
          Panels.RED,
          Panels.GREEN,
          Panels.ORANGE,
          new Color(0x7b, 0x4f, 0xa8),
          new Color(0x8c, 0x56, 0x4b),
          new Color(0xd6, 0x5f, 0xb0),
          new Color(0x17, 0x9c, 0xa8),
          Panels.GREY,
          new Color(0x9a, 0x9a, 0x1e),
          new Color(0x30, 0x30, 0x30));

  private LinePlot() {}

  /**
   * A chart.
   *
   * @param title its title
   * @param x title of the x axis
   * @param y title of the y axis
   * @param lines its lines, at least one
   */
  public record Chart(String title, String x, String y, List<Line> lines) {
    /**
     * Copies the lines.
     *
     * @throws ArgumentException when there is none
     */
    public Chart {
      lines = List.copyOf(lines);
      if (lines.isEmpty()) {
        throw new ArgumentException(
            "LinePlot: argument lines of chart " + title + ": given none; needed at least one");
      }
    }
  }

  /**
   * A line.
   *
   * @param name for the legend; unique within a chart
   * @param x positions
   * @param y values, as many; not finite where there is a gap
   */
  public record Line(String name, List<Double> x, List<Double> y) {
    /**
     * Copies the numbers.
     *
     * @throws ArgumentException when there is none, or the counts differ
     */
    public Line {
      x = List.copyOf(x);
      y = List.copyOf(y);
      if (x.isEmpty() || x.size() != y.size()) {
        throw new ArgumentException(
            "LinePlot: arguments x and y of line "
                + name
                + ": given "
                + x.size()
                + " and "
                + y.size()
                + " numbers; needed as many of both, at least one");
      }
    }
  }

  /**
   * Draws the charts in one row.
   *
   * @param file PNG file to write; missing folders are made
   * @param title title of the whole picture
   * @param charts the charts, at least one
   * @throws ArgumentException when there is no chart
   * @throws UncheckedIOException when the file cannot be written
   */
  public static void write(Path file, String title, List<Chart> charts) {
    if (charts.isEmpty()) {
      throw new ArgumentException("LinePlot: argument charts: given none; needed at least one");
    }
    Panels panels = new Panels(title, charts.size());
    charts.forEach(chart -> panels.add(draw(chart)));
    panels.write(file);
  }

  private static XYChart draw(Chart given) {
    XYChart chart = Panels.chart(given.title(), given.x(), given.y(), WIDTH, HEIGHT);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    int number = 0;
    for (Line line : given.lines()) {
      // XChart leaves a gap for null.
      List<Double> y =
          line.y().stream().map(value -> Double.isFinite(value) ? value : Double.NaN).toList();
      XYSeries series = chart.addSeries(line.name(), line.x(), y);
      Color colour = COLOURS.get(number % COLOURS.size());
      series.setLineColor(colour).setLineWidth(1.8f);
      series.setMarker(line.x().size() > 30 ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE);
      series.setMarkerColor(colour);
      number++;
    }
    return chart;
  }
}
