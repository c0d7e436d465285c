package dev.viking.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.metrics.Reliability;
import dev.viking.torch.ArgumentException;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlotsTest {
  @TempDir Path folder;

  @Test
  void reliabilityDiagramHasOneColumnForEachModel() throws IOException {
    Reliability overconfident =
        Reliability.uniform(
            new double[] {0.95, 0.95, 0.75, 0.75}, new boolean[] {true, false, true, false}, 15);
    Map<String, Reliability> models = new LinkedHashMap<>();
    models.put("one", overconfident);
    ReliabilityDiagram.write(folder.resolve("one.png"), "Title", models);
    models.put("two", overconfident);
    ReliabilityDiagram.write(folder.resolve("new/two.png"), "Title", models);

    BufferedImage one = read("one.png");
    BufferedImage two = read("new/two.png");
    assertThat(two.getWidth()).isEqualTo(2 * one.getWidth());
    assertThat(two.getHeight()).isEqualTo(one.getHeight());
    // The gap is drawn in translucent red: red well above green and blue.
    assertThat(pixels(one, c -> c.getRed() > c.getGreen() + 50 && c.getRed() > c.getBlue() + 50))
        .isGreaterThan(500);
  }

  @Test
  void aPerfectlyCalibratedModelShowsNoGap() throws IOException {
    Reliability perfect = Reliability.uniform(new double[] {1, 1}, new boolean[] {true, true}, 15);
    Reliability off = Reliability.uniform(new double[] {1, 1}, new boolean[] {false, false}, 15);
    ReliabilityDiagram.write(folder.resolve("perfect.png"), "", Map.of("m", perfect));
    ReliabilityDiagram.write(folder.resolve("off.png"), "", Map.of("m", off));

    // The legend and the baseline of empty bins are reddish in both; only one has a whole bar of
    // it.
    long legend = pixels(read("perfect.png"), c -> c.getRed() > c.getBlue() + 50);
    assertThat(pixels(read("off.png"), c -> c.getRed() > c.getBlue() + 50))
        .isGreaterThan(legend + 5000);
  }

  @Test
  void trainingCurvesTakeValuesThatAreMissingOrNotFinite() throws IOException {
    List<TrainingPoint> history = new ArrayList<>();
    double none = Double.NaN;
    for (int i = 0; i < 5000; i++) {
      double loss = i == 7 ? Double.POSITIVE_INFINITY : 10.0 / (i + 1);
      history.add(new TrainingPoint(i, loss, none, none, 0, 0.1, 0.2));
    }
    TrainingCurves.write(folder.resolve("curves.png"), "Run", history);

    assertThat(pixels(read("curves.png"), c -> c.equals(Panels.BLUE))).isGreaterThan(100);
    assertThat(pixels(read("curves.png"), c -> c.equals(Panels.GREEN))).as("rank").isZero();
    TrainingCurves.write(folder.resolve("single.png"), "Run", history.subList(1000, 1001));
    assertThat(read("single.png").getWidth()).isPositive();
  }

  @Test
  void regressionPanelsShareOneAxis() throws IOException {
    double[] grid = {0, 0.5, 1};
    double[] mean = {0, 1, 0};
    double[] std = {1, 0.1, 1};
    RegressionPanel wide =
        new RegressionPanel(
            "wide",
            grid,
            mean,
            std,
            List.of(new double[] {0, 1, 0.5}),
            new double[] {0.5},
            new double[] {1});
    RegressionPanel flat =
        new RegressionPanel(
            "flat", grid, new double[3], new double[3], List.of(), new double[0], new double[0]);
    RegressionPlot.write(folder.resolve("regression.png"), "Title", List.of(wide, flat));

    BufferedImage image = read("regression.png");
    // The flat mean at y = 0 is a straight blue line across the right panel, on the shared axis.
    BufferedImage right =
        image.getSubimage(image.getWidth() / 2, 0, image.getWidth() / 2, image.getHeight());
    assertThat(pixels(right, c -> c.equals(Panels.BLUE))).isGreaterThan(300);
    RegressionPlot.write(folder.resolve("flat.png"), "Title", List.of(flat));
    assertThat(read("flat.png").getWidth()).isEqualTo(image.getWidth() / 2);
  }

  @Test
  void twoMoonsMapHasTheColoursOfTheProbabilities() throws IOException {
    double[][] left = new double[20][20];
    for (double[] row : left) {
      Arrays.fill(row, 0, 10, 1.0);
    }
    TwoMoonsPlot.write(
        folder.resolve("moons.png"),
        "Title",
        Map.of("m", left),
        new double[] {0.5, 0.5},
        new int[] {1});

    BufferedImage image = read("moons.png");
    // Row of pixels through the first panel: probability 1 on the left, 0 on the right.
    int y = image.getHeight() / 2 + 60;
    int width = image.getWidth();
    assertThat(new Color(image.getRGB(width / 5, y))).isEqualTo(ColourMap.at(1));
    assertThat(new Color(image.getRGB(width * 2 / 5, y))).isEqualTo(ColourMap.at(0));
    // Its uncertainty, in the second panel, is 0 everywhere.
    assertThat(new Color(image.getRGB(width * 7 / 10, y))).isEqualTo(ColourMap.at(0));
    assertThat(new Color(image.getRGB(width * 9 / 10, y))).isEqualTo(ColourMap.at(0));
  }

  @Test
  void coloursGrowBrighter() {
    double last = -1;
    for (int i = 0; i <= 100; i++) {
      Color c = ColourMap.at(i / 100.0);
      double brightness = 0.299 * c.getRed() + 0.587 * c.getGreen() + 0.114 * c.getBlue();
      assertThat(brightness).isGreaterThan(last);
      last = brightness;
    }
  }

  @Test
  void badInputIsRefused() throws IOException {
    Path file = folder.resolve("x.png");
    assertThatThrownBy(() -> ReliabilityDiagram.write(file, "", Map.of()))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> TrainingCurves.write(file, "", List.of()))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> RegressionPlot.write(file, "", List.of()))
        .isInstanceOf(ArgumentException.class);
    double[] two = {0, 1};
    double[] three = {0, 1, 2};
    assertThatThrownBy(() -> new RegressionPanel("", two, three, two, List.of(), two, two))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("argument mean: given 3 values; needed 2");
    double[][] wrong = {{0, 2}, {0, 0}};
    assertThatThrownBy(() -> TwoMoonsPlot.write(file, "", Map.of("m", wrong), two, new int[] {0}))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("given 2.0; needed 0..1");
    Path taken = Files.createDirectory(folder.resolve("taken.png"));
    List<TrainingPoint> one = List.of(new TrainingPoint(0, 1, 1, 1, 1, 1, 1));
    assertThatThrownBy(() -> TrainingCurves.write(taken, "", one))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("taken.png");
  }

  private interface ColourTest {
    boolean holds(Color color);
  }

  private static long pixels(BufferedImage image, ColourTest test) {
    long count = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        count += test.holds(new Color(image.getRGB(x, y))) ? 1 : 0;
      }
    }
    return count;
  }

  private BufferedImage read(String name) throws IOException {
    BufferedImage image = ImageIO.read(folder.resolve(name).toFile());
    assertThat(image).as(name).isNotNull();
    return image;
  }
}
