package dev.viking.report;

import dev.viking.metrics.Reliability;
import dev.viking.metrics.ReliabilityBin;
import dev.viking.torch.ArgumentException;
import java.awt.Color;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Plots accuracy against confidence for several models side by side, with the gap between the two,
 * and below it how many examples each bin holds. Stateless.
 */
public final class ReliabilityDiagram {
  private static final int WIDTH = 460;
  private static final int HEIGHT = 340;

  private ReliabilityDiagram() {}

  /**
   * Draws the diagram.
   *
   * @param file PNG file to write; missing folders are made
   * @param title title of the whole picture
   * @param models calibration by name of the model, in the order of the columns; at least one
   * @throws ArgumentException when there is no model
   * @throws UncheckedIOException when the file cannot be written
   */
  public static void write(Path file, String title, Map<String, Reliability> models) {
    if (models.isEmpty()) {
      throw new ArgumentException(
          "ReliabilityDiagram: argument models: given none; needed at least one");
    }
    Panels panels = new Panels(title, models.size());
    models.forEach((name, reliability) -> panels.add(accuracy(name, reliability)));
    models.forEach((name, reliability) -> panels.add(histogram(reliability)));
    panels.write(file);
  }

  private static XYChart accuracy(String name, Reliability reliability) {
    String heading =
        String.format(
            Locale.ROOT, "%s: ECE %.4f, MCE %.3f", name, reliability.ece(), reliability.mce());
    XYChart chart = Panels.chart(heading, "confidence", "accuracy", WIDTH, HEIGHT);
    unitAxis(chart);
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(1.0);
    List<Double> accuracyX = new ArrayList<>();
    List<Double> accuracyY = new ArrayList<>();
    List<Double> gapX = new ArrayList<>();
    List<Double> gapY = new ArrayList<>();
    for (ReliabilityBin bin : reliability.bins()) {
      bar(accuracyX, accuracyY, bin, bin.accuracy());
      step(gapX, gapY, bin, bin.accuracy());
    }
    // Back along the confidences: what lies between the two staircases is the gap.
    for (ReliabilityBin bin : reliability.bins().reversed()) {
      gapX.add(bin.upper());
      gapY.add(bin.confidence());
      gapX.add(bin.lower());
      gapY.add(bin.confidence());
    }
    area(chart, "accuracy", accuracyX, accuracyY, new Color(0x1f, 0x5f, 0xa8, 0xb0));
    area(chart, "gap to confidence", gapX, gapY, new Color(0xc8, 0x3e, 0x3e, 0x90));
    XYSeries ideal = chart.addSeries("perfect", new double[] {0, 1}, new double[] {0, 1});
    ideal.setMarker(SeriesMarkers.NONE).setLineColor(Panels.GREY).setLineWidth(1.5f);
    return chart;
  }

  private static XYChart histogram(Reliability reliability) {
    int dropped = reliability.dropped();
    String heading =
        reliability.counted() + " examples" + (dropped == 0 ? "" : ", " + dropped + " not counted");
    XYChart chart = Panels.chart(heading, "confidence", "fraction of examples", WIDTH, HEIGHT);
    unitAxis(chart);
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(1.0);
    chart.getStyler().setLegendVisible(false);
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (ReliabilityBin bin : reliability.bins()) {
      bar(x, y, bin, bin.count() / Math.max(1.0, reliability.counted()));
    }
    area(chart, "examples", x, y, new Color(0x70, 0x70, 0x70, 0xb0));
    return chart;
  }

  private static void unitAxis(XYChart chart) {
    chart.getStyler().setXAxisMin(0.0);
    chart.getStyler().setXAxisMax(1.0);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNW);
  }

  private static void bar(List<Double> x, List<Double> y, ReliabilityBin bin, double height) {
    x.add(bin.lower());
    y.add(0.0);
    step(x, y, bin, height);
    x.add(bin.upper());
    y.add(0.0);
  }

  private static void step(List<Double> x, List<Double> y, ReliabilityBin bin, double height) {
    x.add(bin.lower());
    y.add(height);
    x.add(bin.upper());
    y.add(height);
  }

  private static void area(
      XYChart chart, String name, List<Double> x, List<Double> y, Color color) {
    XYSeries series = chart.addSeries(name, x, y);
    series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.PolygonArea);
    series.setMarker(SeriesMarkers.NONE).setFillColor(color);
    series.setLineColor(color).setLineWidth(0.8f);
  }
}
