package dev.viking.report;

import dev.viking.torch.ArgumentException;
import java.awt.Color;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Plots loss, KL, rank, residual and the two standard deviations over the steps of a training run.
 * Stateless.
 */
public final class TrainingCurves {
  private static final int WIDTH = 440;
  private static final int HEIGHT = 300;
  private static final int TICK_SPACING = 100;
  // More points than pixels only slow drawing down.
  private static final int MAX_POINTS = 2000;

  private TrainingCurves() {}

  /**
   * Draws the curves; values that are not finite are left out, and so are values of zero and below
   * where the axis is logarithmic (residual).
   *
   * @param file PNG file to write; missing folders are made
   * @param title title of the whole picture
   * @param history the steps in ascending order; at least one
   * @throws ArgumentException when the history is empty
   * @throws UncheckedIOException when the file cannot be written
   */
  public static void write(Path file, String title, List<TrainingPoint> history) {
    if (history.isEmpty()) {
      throw new ArgumentException(
          "TrainingCurves: argument history: given no step; needed at least one");
    }
    Panels panels = new Panels(title, 3);
    panels.add(panel("Loss", history, TrainingPoint::loss, Panels.BLUE, false));
    panels.add(panel("KL", history, TrainingPoint::kl, Panels.ORANGE, false));
    panels.add(
        panel("Rank of the kernel projection", history, TrainingPoint::rank, Panels.GREEN, false));
    panels.add(
        panel("Relative residual |Jk| / |Ju|", history, TrainingPoint::residual, Panels.RED, true));
    XYChart sigmas = Panels.chart("Standard deviations", "step", "sigma", WIDTH, HEIGHT);
    sigmas.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    sigmas.getStyler().setYAxisDecimalPattern("0.#####");
    stepAxis(sigmas, history);
    curve(sigmas, "kernel", history, TrainingPoint::sigmaKernel, Panels.BLUE, false);
    curve(sigmas, "image", history, TrainingPoint::sigmaImage, Panels.RED, false);
    panels.add(sigmas);
    panels.write(file);
  }

  private static XYChart panel(
      String name,
      List<TrainingPoint> history,
      ToDoubleFunction<TrainingPoint> value,
      Color color,
      boolean logarithmic) {
    XYChart chart = Panels.chart(name, "step", "", WIDTH, HEIGHT);
    chart.getStyler().setLegendVisible(false);
    stepAxis(chart, history);
    boolean drawn = curve(chart, name, history, value, color, logarithmic);
    chart.getStyler().setYAxisLogarithmic(logarithmic && drawn);
    return chart;
  }

  private static void stepAxis(XYChart chart, List<TrainingPoint> history) {
    chart.getStyler().setXAxisMin((double) history.getFirst().step());
    chart
        .getStyler()
        .setXAxisMax(
            Math.max(history.getFirst().step() + 1.0, roundUp((double) history.getLast().step())));
    chart.getStyler().setXAxisTickMarkSpacingHint(TICK_SPACING);
    chart.getStyler().setxAxisTickLabelsFormattingFunction(TrainingCurves::tick);
  }

  /** The next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten, at which an axis divides well. */
  private static double roundUp(double value) {
    double power = Math.pow(10, Math.floor(Math.log10(Math.max(1, value))));
    for (double factor : new double[] {1, 1.5, 2, 3, 4, 5, 6, 8}) {
      if (factor * power >= value) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  // Short, because the plotting library does not keep long labels apart.
  private static String tick(double step) {
    DecimalFormat format = new DecimalFormat("0.##", DecimalFormatSymbols.getInstance(Locale.ROOT));
    return step >= 1000 ? format.format(step / 1000) + "k" : format.format(step);
  }

  private static boolean curve(
      XYChart chart,
      String name,
      List<TrainingPoint> history,
      ToDoubleFunction<TrainingPoint> value,
      Color color,
      boolean positive) {
    int stride = Math.ceilDiv(history.size(), MAX_POINTS);
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (int i = 0; i < history.size(); i += stride) {
      double at = value.applyAsDouble(history.get(i));
      if (Double.isFinite(at) && (at > 0 || !positive)) {
        x.add((double) history.get(i).step());
        y.add(at);
      }
    }
    if (x.isEmpty()) {
      return false;
    }
    XYSeries series = chart.addSeries(name, x, y);
    series.setLineColor(color).setLineWidth(1.6f);
    series
        .setMarkerColor(color)
        .setMarker(x.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    return true;
  }
}
