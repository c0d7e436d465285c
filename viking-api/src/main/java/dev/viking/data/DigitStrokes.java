package dev.viking.data;

import dev.viking.torch.ArgumentException;
import java.util.List;

/**
 * The pen strokes of the ten classes of {@link SyntheticDigits}, with the variants that people
 * write: an open or a closed 4, a 7 with or without bar, and so on. Coordinates lie in the unit
 * square, y downwards.
 */
final class DigitStrokes {
  private static final double ARC_STEP_DEGREES = 18;

  private DigitStrokes() {}

  /** Poly-lines of one digit, each as x, y, x, y, ... */
  static List<double[]> of(int digit, SplitMix64 random) {
    return switch (digit) {
      case 0 -> zero(random);
      case 1 -> one(random);
      case 2 -> two(random);
      case 3 -> three(random);
      case 4 -> four(random);
      case 5 -> five(random);
      case 6 -> six(random);
      case 7 -> seven(random);
      case 8 -> eight(random);
      case 9 -> nine(random);
      default ->
          throw new ArgumentException(
              "DigitStrokes.of: argument digit: given " + digit + "; needed 0..9");
    };
  }

  private static List<double[]> zero(SplitMix64 random) {
    double start = random.uniform(-120, -60);
    double sweep = random.uniform(325, 375);
    double narrow = random.uniform(0.20, 0.32);
    return List.of(arc(0.5, 0.5, narrow, 0.42, start, start + sweep));
  }

  private static List<double[]> one(SplitMix64 random) {
    double flag = random.uniform(0, 0.24);
    double[] stem = {0.5 - flag, 0.08 + 0.9 * flag, 0.5, 0.08, 0.5, 0.92};
    return random.nextInt(4) == 0
        ? List.of(stem, new double[] {0.3, 0.92, 0.7, 0.92})
        : List.of(stem);
  }

  private static List<double[]> two(SplitMix64 random) {
    double[] bow = arc(0.5, 0.31, 0.25, 0.22, random.uniform(170, 215), 395);
    double foot = random.uniform(0.18, 0.3);
    return List.of(join(bow, foot, 0.9, random.uniform(0.68, 0.84), random.uniform(0.86, 0.93)));
  }

  private static List<double[]> three(SplitMix64 random) {
    double waist = random.uniform(0.46, 0.52);
    double[] top =
        arc(
            0.46,
            0.09 + (waist - 0.09) / 2,
            0.24,
            (waist - 0.09) / 2,
            random.uniform(-170, -130),
            90);
    double[] bottom =
        arc(
            0.46,
            waist + (0.91 - waist) / 2,
            0.28,
            (0.91 - waist) / 2,
            -90,
            random.uniform(125, 165));
    return List.of(join(top, bottom));
  }

  private static List<double[]> four(SplitMix64 random) {
    double bar = random.uniform(0.52, 0.66);
    if (random.nextInt(2) == 0) {
      return List.of(
          new double[] {0.62, 0.08, 0.2, bar, 0.82, bar},
          new double[] {0.62, random.uniform(0.08, 0.4), 0.62, 0.92});
    }
    double top = random.uniform(0.24, 0.42);
    return List.of(
        new double[] {top, 0.1, top - 0.08, bar, 0.78, bar},
        new double[] {0.7, random.uniform(0.06, 0.2), 0.62, 0.92});
  }

  private static List<double[]> five(SplitMix64 random) {
    double neck = random.uniform(0.4, 0.5);
    double[] down = {0.34, 0.1, 0.3, neck};
    double[] bow =
        arc(0.47, 0.9 - (0.93 - neck) / 2, 0.27, (0.93 - neck) / 2, -125, random.uniform(120, 165));
    return List.of(
        join(down, bow),
        new double[] {0.34, 0.1, random.uniform(0.62, 0.8), random.uniform(0.06, 0.13)});
  }

  private static List<double[]> six(SplitMix64 random) {
    double loop = random.uniform(0.18, 0.24);
    double centre = 0.9 - loop;
    double[] back = arc(0.82, centre, 0.56, centre - 0.08, random.uniform(240, 258), 180);
    double[] round = arc(0.5, centre, 0.24, loop, 180, random.uniform(-190, -150));
    return List.of(join(back, round));
  }

  private static List<double[]> seven(SplitMix64 random) {
    double bend = random.uniform(0.36, 0.52);
    double[] stroke = {0.2, random.uniform(0.08, 0.14), 0.8, 0.1, bend + 0.16, 0.46, bend, 0.92};
    return random.nextInt(3) == 0
        ? List.of(stroke, new double[] {0.36, 0.5, 0.74, 0.48})
        : List.of(stroke);
  }

  private static List<double[]> eight(SplitMix64 random) {
    double waist = random.uniform(0.42, 0.52);
    double upper = (waist - 0.08) / 2;
    double lower = (0.92 - waist) / 2;
    double turn = random.uniform(-30, 20);
    return List.of(
        arc(0.5, 0.08 + upper, 0.2, upper, 90, 450 + turn),
        arc(0.5, waist + lower, 0.25, lower, -90, 270 + turn));
  }

  private static List<double[]> nine(SplitMix64 random) {
    double loop = random.uniform(0.18, 0.24);
    double centre = 0.1 + loop;
    double[] round = arc(0.48, centre, 0.24, loop, 0, random.uniform(-375, -330));
    double[] tail = {0.72, centre, 0.71, 0.55, random.uniform(0.5, 0.72), 0.92};
    return List.of(round, tail);
  }

  private static double[] arc(
      double centreX, double centreY, double radiusX, double radiusY, double from, double to) {
    int pieces = (int) Math.max(2, Math.ceil(Math.abs(to - from) / ARC_STEP_DEGREES));
    double[] points = new double[2 * pieces + 2];
    for (int i = 0; i <= pieces; i++) {
      double angle = StrictMath.toRadians(from + (to - from) * i / pieces);
      points[2 * i] = centreX + radiusX * StrictMath.cos(angle);
      points[2 * i + 1] = centreY + radiusY * StrictMath.sin(angle);
    }
    return points;
  }

  private static double[] join(double[] first, double... second) {
    double[] joined = new double[first.length + second.length];
    System.arraycopy(first, 0, joined, 0, first.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }
}
