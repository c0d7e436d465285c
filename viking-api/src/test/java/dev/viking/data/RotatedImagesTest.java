package dev.viking.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.ArgumentException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RotatedImagesTest {

  @Test
  void quarterTurnsMoveEveryPixelToItsPlace() {
    LabelledImages images = SyntheticDigits.generate(1, 3);
    LabelledImages turned = images.rotated(90);
    LabelledImages back = images.rotated(-90);
    LabelledImages half = images.rotated(180);
    int last = images.width() - 1;
    for (int i = 0; i < images.count(); i++) {
      assertThat(turned.label(i)).isEqualTo(images.label(i));
      for (int y = 0; y <= last; y++) {
        for (int x = 0; x <= last; x++) {
          int pixel = images.pixel(i, 0, y, x);
          // Counterclockwise: what was at the right edge is at the top.
          assertThat(turned.pixel(i, 0, last - x, y)).isEqualTo(pixel);
          assertThat(back.pixel(i, 0, x, last - y)).isEqualTo(pixel);
          assertThat(half.pixel(i, 0, last - y, last - x)).isEqualTo(pixel);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 360, -720})
  void wholeTurnsChangeNothing(double degrees) {
    LabelledImages images = SyntheticDigits.generate(1, 3);
    assertThat(images.rotated(degrees).pixelArray(0, 1, 2)).isEqualTo(images.pixelArray(0, 1, 2));
  }

  @Test
  void betweenPixelsIsTheirMeanAndOutsideIsBlack() {
    byte[] pixels = {(byte) 200, (byte) 200, (byte) 200, (byte) 200};
    LabelledImages square = new LabelledImages(1, 2, 2, 10, pixels, new byte[] {0});
    LabelledImages turned = square.rotated(45);
    // A corner of the turned square looks at a point 0.707 from the centre on an axis: between two
    // pixels along the other, and 0.207 outside of both along this one.
    double expected = 200 * (1 - (Math.sqrt(0.5) - 0.5));
    for (int y = 0; y < 2; y++) {
      for (int x = 0; x < 2; x++) {
        assertThat(turned.pixel(0, 0, y, x)).isEqualTo((int) Math.round(expected));
      }
    }
    assertThatThrownBy(() -> square.rotated(Double.NaN))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("given NaN");
  }

  @Test
  void presenceOfTheFilesIsLookedAtWithoutReadingThem(@TempDir Path folder) throws Exception {
    for (String name :
        new String[] {
          "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"
        }) {
      Files.write(folder.resolve(name), new byte[] {1});
    }
    assertThatThrownBy(() -> MnistFolder.requireFiles(folder))
        .isInstanceOf(MissingDataException.class)
        .hasMessageContaining("t10k-labels");
    Files.write(folder.resolve("t10k-labels-idx1-ubyte"), new byte[] {1});
    MnistFolder.requireFiles(folder);
  }
}
