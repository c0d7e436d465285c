package dev.viking.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/** A grid of charts in one picture, all in the same style. One thread at a time. */
final class Panels {
  static final Color BLUE = new Color(0x1f, 0x5f, 0xa8);
  static final Color RED = new Color(0xc8, 0x3e, 0x3e);
  static final Color GREEN = new Color(0x2e, 0x8b, 0x57);
  static final Color ORANGE = new Color(0xe0, 0x8a, 0x1e);
  static final Color GREY = new Color(0x70, 0x70, 0x70);

  private static final int TITLE_HEIGHT = 44;
  // Charts are laid out in points and drawn with more pixels, so that text stays sharp.
  private static final double SCALE = 1.5;

  private record Panel(XYChart chart, Consumer<Graphics2D> overlay) {}

  private final String title;
  private final int columns;
  private final List<Panel> panels = new ArrayList<>();

  static {
    if (System.getProperty("java.awt.headless") == null) {
      System.setProperty("java.awt.headless", "true");
    }
  }

  Panels(String title, int columns) {
    this.title = title;
    this.columns = columns;
  }

  /** A chart in the common style, without series. */
  static XYChart chart(String title, String x, String y, int width, int height) {
    XYChart chart =
        new XYChartBuilder()
            .width(width)
            .height(height)
            .title(title)
            .xAxisTitle(x)
            .yAxisTitle(y)
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotGridLinesColor(new Color(0xe2, 0xe2, 0xe2));
    chart.getStyler().setChartTitleBoxVisible(false);
    chart.getStyler().setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
    chart.getStyler().setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    chart.getStyler().setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    chart.getStyler().setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNW);
    chart.getStyler().setLegendBorderColor(new Color(0xc0, 0xc0, 0xc0));
    chart.getStyler().setMarkerSize(6);
    return chart;
  }

  void add(XYChart chart) {
    add(chart, graphics -> {});
  }

  /** Adds a chart and what is drawn over it afterwards, in the chart's own coordinates. */
  void add(XYChart chart, Consumer<Graphics2D> overlay) {
    panels.add(new Panel(chart, overlay));
  }

  /** Draws everything and writes it as a PNG file; missing folders are made. */
  void write(Path file) {
    int width = panels.getFirst().chart().getWidth();
    int height = panels.getFirst().chart().getHeight();
    int rows = Math.ceilDiv(panels.size(), columns);
    int across = width * Math.min(columns, panels.size());
    BufferedImage image =
        new BufferedImage(
            (int) (SCALE * across),
            (int) (SCALE * (height * rows + TITLE_HEIGHT)),
            BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    graphics.scale(SCALE, SCALE);
    graphics.setColor(Color.BLACK);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 18));
    int textWidth = graphics.getFontMetrics().stringWidth(title);
    graphics.drawString(title, Math.max(8, (across - textWidth) / 2), 29);
    for (int i = 0; i < panels.size(); i++) {
      Panel panel = panels.get(i);
      Graphics2D part = (Graphics2D) graphics.create();
      part.translate(i % columns * width, TITLE_HEIGHT + i / columns * height);
      panel.chart().paint(part, width, height);
      panel.overlay().accept(part);
      part.dispose();
    }
    graphics.dispose();
    save(image, file);
  }

  private static void save(BufferedImage image, Path file) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      // Not straight to the file: ImageIO first deletes what is there, even a folder.
      ByteArrayOutputStream png = new ByteArrayOutputStream();
      if (!ImageIO.write(image, "png", png)) {
        throw new IOException("this JDK has no PNG writer");
      }
      Files.write(file, png.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
