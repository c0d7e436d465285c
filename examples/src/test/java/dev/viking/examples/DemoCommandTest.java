package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
      // More than a few colours: something was drawn.
      assertThat(image.getRGB(0, 0, image.getWidth(), 1, null, 0, image.getWidth())).isNotEmpty();
    }
    try (var files = Files.list(out)) {
      assertThat(files).hasSize(4);
    }
  }

  @Test
  void aFileInTheWayIsNamed() throws IOException {
    Path file = Files.writeString(temporary.resolve("file"), "here");
    CommandRun run = CommandRun.of("demo", "--out", file.toString());
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1).first().asString().contains(file.toString());
  }
}
