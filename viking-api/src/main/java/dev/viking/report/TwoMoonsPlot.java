package dev.viking.report;

import dev.viking.torch.ArgumentException;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Plots a classifier of the plane: for each model one row with the probability of class 1 and its
 * uncertainty 1 - 2|p - 1/2| on the unit square, and the data over both. Stateless.
 */
public final class TwoMoonsPlot {
  private static final int WIDTH = 540;
  private static final int HEIGHT = 440;
  private static final int RIGHT = 46;

  private TwoMoonsPlot() {}

  /**
   * Draws the maps.
   *
   * @param file PNG file to write; missing folders are made
   * @param title title of the whole picture
   * @param probabilities by name of the model, in the order of the rows: probability of class 1 at
   *     the centres of an n x n grid of cells on the unit square, {@code [row][column]} with the
   *     row following y upwards
   * @param points data, row-major [N, 2]
   * @param labels their classes, 0 or 1
   * @throws ArgumentException when a grid is not square or empty, a value is no probability, or
   *     sizes differ
   * @throws UncheckedIOException when the file cannot be written
   */
  public static void write(
      Path file,
      String title,
      Map<String, double[][]> probabilities,
      double[] points,
      int[] labels) {
    if (probabilities.isEmpty()) {
      throw new ArgumentException(
          "TwoMoonsPlot: argument probabilities: given none; needed at least one");
    }
    if (points.length != 2L * labels.length) {
      throw new ArgumentException(
          "TwoMoonsPlot: argument points: given "
              + points.length
              + " coordinates; needed "
              + 2L * labels.length);
    }
    Panels panels = new Panels(title, 2);
    probabilities.forEach(
        (name, grid) -> {
          check(grid);
          add(panels, name + ": p(class 1)", grid, p -> p, points, labels);
          add(
              panels,
              name + ": uncertainty 1 - 2|p - 0.5|",
              grid,
              p -> 1 - 2 * Math.abs(p - 0.5),
              points,
              labels);
        });
    panels.write(file);
  }

  private static void check(double[][] grid) {
    if (grid.length == 0) {
      throw new ArgumentException(
          "TwoMoonsPlot: argument probabilities: given an empty grid; needed cells");
    }
    for (double[] row : grid) {
      if (row.length != grid.length) {
        throw new ArgumentException(
            "TwoMoonsPlot: argument probabilities: given a row of "
                + row.length
                + " cells; needed "
                + grid.length);
      }
      for (double p : row) {
        if (!(p >= 0 && p <= 1)) {
          throw new ArgumentException(
              "TwoMoonsPlot: argument probabilities: given " + p + "; needed 0..1");
        }
      }
    }
  }

  private static void add(
      Panels panels,
      String heading,
      double[][] grid,
      DoubleUnaryOperator value,
      double[] points,
      int[] labels) {
    XYChart chart =
        Panels.chart(heading, "x1   (data: class 0 white, class 1 black)", "x2", WIDTH, HEIGHT);
    chart.getStyler().setXAxisMin(0.0);
    chart.getStyler().setXAxisMax(1.0);
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(1.0);
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setPlotBorderVisible(false);
    chart.getStyler().setPlotGridLinesVisible(false);
    // Room for the colour bar on the right.
    chart.getStyler().setChartPadding(RIGHT);
    XYSeries frame = chart.addSeries("frame", new double[] {0, 1}, new double[] {0, 1});
    frame.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    frame.setMarker(SeriesMarkers.NONE);
    panels.add(
        chart,
        graphics -> {
          cells(graphics, chart, grid, value);
          data(graphics, chart, points, labels);
          colourBar(graphics, chart);
        });
  }

  private static void cells(
      Graphics2D graphics, XYChart chart, double[][] grid, DoubleUnaryOperator value) {
    int n = grid.length;
    for (int row = 0; row < n; row++) {
      double top = chart.getScreenYFromChart((row + 1.0) / n);
      double bottom = chart.getScreenYFromChart((double) row / n);
      for (int column = 0; column < n; column++) {
        double left = chart.getScreenXFromChart((double) column / n);
        double right = chart.getScreenXFromChart((column + 1.0) / n);
        graphics.setColor(ColourMap.at(value.applyAsDouble(grid[row][column])));
        // Half a point more, so that rounding leaves no seams.
        graphics.fill(new Rectangle2D.Double(left, top, right - left + 0.5, bottom - top + 0.5));
      }
    }
  }

  private static void data(Graphics2D graphics, XYChart chart, double[] points, int[] labels) {
    graphics.setStroke(new BasicStroke(1.2f));
    for (int i = 0; i < labels.length; i++) {
      double x = chart.getScreenXFromChart(points[2 * i]);
      double y = chart.getScreenYFromChart(points[2 * i + 1]);
      Ellipse2D disc = new Ellipse2D.Double(x - 4, y - 4, 8, 8);
      graphics.setColor(labels[i] == 0 ? Color.WHITE : Color.BLACK);
      graphics.fill(disc);
      graphics.setColor(labels[i] == 0 ? Color.BLACK : Color.WHITE);
      graphics.draw(disc);
    }
  }

  private static void colourBar(Graphics2D graphics, XYChart chart) {
    double left = chart.getScreenXFromChart(1) + 16;
    double top = chart.getScreenYFromChart(1);
    double bottom = chart.getScreenYFromChart(0);
    int steps = 128;
    double height = (bottom - top) / steps;
    for (int i = 0; i < steps; i++) {
      graphics.setColor(ColourMap.at((i + 0.5) / steps));
      graphics.fill(new Rectangle2D.Double(left, bottom - (i + 1) * height, 12, height + 0.5));
    }
    graphics.setColor(Color.BLACK);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    for (String tick : new String[] {"0", "0.5", "1"}) {
      double y = bottom - Double.parseDouble(tick) * (bottom - top);
      graphics.drawString(tick, (float) left + 16, (float) y + 4);
    }
  }
}
