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

/**
 * Plots one-dimensional regressions side by side: data, predicted mean, the band of two standard
 * deviations, and some functions of the posterior. All panels share the y axis, which follows data
 * and bands. Stateless.
 */
public final class RegressionPlot {
  private static final int WIDTH = 520;
  private static final int HEIGHT = 420;
  private static final double DEVIATIONS = 2;

  private RegressionPlot() {}

  /**
   * Draws the panels in one row.
   *
   * @param file PNG file to write; missing folders are made
   * @param title title of the whole picture
   * @param regressions the panels, at least one
   * @throws ArgumentException when there is no panel
   * @throws UncheckedIOException when the file cannot be written
   */
  public static void write(Path file, String title, List<RegressionPanel> regressions) {
    if (regressions.isEmpty()) {
      throw new ArgumentException(
          "RegressionPlot: argument regressions: given none; needed at least one");
    }
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (RegressionPanel panel : regressions) {
      for (double[] values :
          List.of(panel.shifted(-DEVIATIONS), panel.shifted(DEVIATIONS), panel.dataY())) {
        for (double value : values) {
          low = Double.isFinite(value) ? Math.min(low, value) : low;
          high = Double.isFinite(value) ? Math.max(high, value) : high;
        }
      }
    }
    double margin = high > low ? 0.05 * (high - low) : 1;
    Panels panels = new Panels(title, regressions.size());
    for (RegressionPanel panel : regressions) {
      panels.add(chart(panel, low - margin, high + margin));
    }
    panels.write(file);
  }

  private static XYChart chart(RegressionPanel panel, double low, double high) {
    double[] grid = panel.grid();
    XYChart chart = Panels.chart(panel.title(), "x", "y", WIDTH, HEIGHT);
    chart.getStyler().setXAxisMin(grid[0]);
    chart.getStyler().setXAxisMax(grid[grid.length - 1]);
    if (low < high) {
      chart.getStyler().setYAxisMin(low);
      chart.getStyler().setYAxisMax(high);
    }
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
    chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
    band(chart, panel);
    int number = 0;
    for (double[] sample : panel.samples()) {
      XYSeries series =
          line(chart, "samples " + number, grid, sample, new Color(0x70, 0x70, 0x70, 0x80), 0.8f);
      series.setLabel("samples");
      series.setShowInLegend(number == 0);
      number++;
    }
    line(chart, "mean", grid, panel.shifted(0), Panels.BLUE, 2f);
    if (panel.dataX().length > 0) {
      XYSeries data = chart.addSeries("data", panel.dataX(), panel.dataY());
      data.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
      data.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(Color.BLACK);
    }
    return chart;
  }

  private static void band(XYChart chart, RegressionPanel panel) {
    double[] grid = panel.grid();
    double[] upper = panel.shifted(DEVIATIONS);
    double[] lower = panel.shifted(-DEVIATIONS);
    int n = grid.length;
    double[] x = new double[2 * n];
    double[] y = new double[2 * n];
    for (int i = 0; i < n; i++) {
      x[i] = grid[i];
      y[i] = upper[i];
      x[2 * n - 1 - i] = grid[i];
      y[2 * n - 1 - i] = lower[i];
    }
    Color color = new Color(0x1f, 0x5f, 0xa8, 0x38);
    XYSeries series = chart.addSeries("two sigma", x, y);
    series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.PolygonArea);
    series.setMarker(SeriesMarkers.NONE).setFillColor(color);
    series.setLineColor(color).setLineWidth(1f);
  }

  private static XYSeries line(
      XYChart chart, String name, double[] x, double[] y, Color color, float width) {
    XYSeries series = chart.addSeries(name, x, y);
    series.setMarker(SeriesMarkers.NONE).setLineColor(color).setLineWidth(width);
    return series;
  }
}
