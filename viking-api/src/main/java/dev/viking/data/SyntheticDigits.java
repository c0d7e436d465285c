package dev.viking.data;

import dev.viking.torch.ArgumentException;
import java.util.List;

/**
 * A drawn set of digits that needs no download: ten classes of pen strokes on 28x28 pixels, each
 * image with its own slant, size, place, stroke width, wobble, brightness and noise. It stands in
 * for MNIST where no files are given; a LeNet that saw some thousand of them is right on most, but
 * not all, of the others.
 *
 * <p>Image i depends on the seed and on i alone, bit for bit the same on every machine, so a larger
 * set starts with the smaller one. Different seeds give unrelated sets. Stateless, for any number
 * of threads.
 */
public final class SyntheticDigits {
  /** Rows and columns of each image. */
  public static final int SIZE = 28;

  /** Number of classes. */
  public static final int CLASSES = 10;

  private SyntheticDigits() {}

  /**
   * Draws a set.
   *
   * @param seed chooses the set
   * @param count number of images, at least 0
   * @return {@code count} images [1, 28, 28] whose classes are drawn uniformly
   * @throws ArgumentException when the count is negative or too large for one array
   */
  public static LabelledImages generate(long seed, int count) {
    if (count < 0 || count > Integer.MAX_VALUE / (SIZE * SIZE)) {
      throw new ArgumentException(
          "SyntheticDigits.generate: argument count: given "
              + count
              + "; needed 0.."
              + Integer.MAX_VALUE / (SIZE * SIZE));
    }
    byte[] pixels = new byte[count * SIZE * SIZE];
    byte[] labels = new byte[count];
    for (int i = 0; i < count; i++) {
      SplitMix64 random = new SplitMix64(seed, i);
      int digit = random.nextInt(CLASSES);
      labels[i] = (byte) digit;
      draw(digit, pixels, i * SIZE * SIZE, random);
    }
    return new LabelledImages(1, SIZE, SIZE, CLASSES, pixels, labels);
  }

  private static void draw(int digit, byte[] pixels, int offset, SplitMix64 random) {
    List<double[]> strokes = DigitStrokes.of(digit, random);
    StrokeCanvas canvas = new StrokeCanvas(SIZE);
    Distortion distortion = new Distortion(random);
    double radius = random.uniform(0.55, 1.75);
    for (double[] stroke : strokes) {
      double[] placed = distortion.apply(stroke);
      for (int i = 2; i < placed.length; i += 2) {
        canvas.line(placed[i - 2], placed[i - 1], placed[i], placed[i + 1], radius);
      }
    }
    double brightness = random.uniform(0.6, 1.0);
    double noise = random.uniform(0.0, 0.16);
    canvas.write(pixels, offset, brightness, noise, random);
  }

  /**
   * One image's way from the unit square to pixels: jitter and wobble of the points, then an affine
   * map.
   */
  private static final class Distortion {
    private static final double TWO_PI = 2 * Math.PI;

    private final SplitMix64 random;
    private final double xx;
    private final double xy;
    private final double yx;
    private final double yy;
    private final double shiftX;
    private final double shiftY;
    private final double[] wobble = new double[6];

    Distortion(SplitMix64 random) {
      this.random = random;
      double angle = StrictMath.toRadians(11 * random.nextGaussian());
      double shear = 0.18 * random.nextGaussian();
      double scaleX = random.uniform(14, 23);
      double scaleY = random.uniform(16, 24);
      double cos = StrictMath.cos(angle);
      double sin = StrictMath.sin(angle);
      this.xx = scaleX * cos;
      this.xy = scaleY * (-sin - shear * cos);
      this.yx = scaleX * sin;
      this.yy = scaleY * (cos - shear * sin);
      this.shiftX = SIZE / 2.0 + random.uniform(-2.5, 2.5);
      this.shiftY = SIZE / 2.0 + random.uniform(-2.5, 2.5);
      wobble[0] = 0.055 * random.nextGaussian();
      wobble[1] = 0.055 * random.nextGaussian();
      for (int i = 2; i < 4; i++) {
        wobble[i] = random.uniform(0.5, 1.6);
      }
      for (int i = 4; i < 6; i++) {
        wobble[i] = random.nextDouble();
      }
    }

    double[] apply(double[] stroke) {
      double moveX = 0.03 * random.nextGaussian();
      double moveY = 0.03 * random.nextGaussian();
      double[] placed = new double[stroke.length];
      for (int i = 0; i < stroke.length; i += 2) {
        double x = stroke[i] - 0.5 + moveX + 0.012 * random.nextGaussian();
        double y = stroke[i + 1] - 0.5 + moveY + 0.012 * random.nextGaussian();
        // A smooth displacement field of the plane: what is close together moves together.
        double bentX = x + wobble[0] * StrictMath.sin(TWO_PI * (wobble[2] * y + wobble[4]));
        double bentY = y + wobble[1] * StrictMath.sin(TWO_PI * (wobble[3] * x + wobble[5]));
        placed[i] = shiftX + xx * bentX + xy * bentY;
        placed[i + 1] = shiftY + yx * bentX + yy * bentY;
      }
      return placed;
    }
  }
}
