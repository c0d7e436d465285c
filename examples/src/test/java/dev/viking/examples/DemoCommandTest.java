package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the demo with a fraction of its steps. */
class DemoCommandTest {
  @TempDir Path temporary;

  @Test
  void drawsAllPicturesAndSaysWhere() throws IOException {
    Path out = temporary.resolve("made").resolve("demo");
    CommandRun run = CommandRun.of("demo", "--steps=1", "--out", out.toString());
    assertThat(run.exitCode()).as(run.err()).isZero();
    List<String> printed = run.out().lines().toList();
    assertThat(printed)
        .containsExactly(
            out.resolve("regression.png").toString(),
            out.resolve("two-moons.png").toString(),
            out.resolve("laplace.png").toString(),
            out.resolve("reparametrisation.png").toString());
    for (String picture : printed) {
      BufferedImage image = ImageIO.read(Path.of(picture).toFile());
      assertThat(image.getWidth()).isGreaterThan(800);
      // An empty plot has none of them.
      long colours = strongColours(image);
      assertThat(colours).as(picture).isGreaterThan(100);
    }
    try (var files = Files.list(out)) {
      assertThat(files).hasSize(4);
    }
  }

  /** How many colours there are; axes, letters and the paper are grey. */
  private static long strongColours(BufferedImage image) {
    int width = image.getWidth();
    int[] pixels = image.getRGB(0, 0, width, image.getHeight(), null, 0, width);
    return Arrays.stream(pixels).distinct().filter(DemoCommandTest::isStrong).count();
  }

  private static boolean isStrong(int pixel) {
    Color color = new Color(pixel);
    int most = Math.max(color.getRed(), Math.max(color.getGreen(), color.getBlue()));
    int least = Math.min(color.getRed(), Math.min(color.getGreen(), color.getBlue()));
    return most - least > 60;
  }

  @Test
  void aFileInTheWayIsNamed() throws IOException {
    Path file = Files.writeString(temporary.resolve("file"), "here");
    CommandRun run = CommandRun.of("demo", "--out", file.toString());
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1).first().asString().contains(file.toString());
  }
}
