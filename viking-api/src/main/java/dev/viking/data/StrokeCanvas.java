package dev.viking.data;

/** A small grey image on which thick lines with soft edges are drawn. One thread at a time. */
final class StrokeCanvas {
  private final int size;
  private final double[] ink;

  /** An empty square canvas with the side given in pixels. */
  StrokeCanvas(int size) {
    this.size = size;
    this.ink = new double[size * size];
  }

  /**
   * Draws a line with round ends: full ink up to half a pixel inside the radius, none half a pixel
   * outside. Coordinates are in pixels, the centre of the first pixel being (0.5, 0.5).
   */
  void line(double fromX, double fromY, double toX, double toY, double radius) {
    double reach = radius + 0.5;
    int left = (int) Math.max(0, Math.floor(Math.min(fromX, toX) - reach));
    int right = (int) Math.min(size - 1.0, Math.floor(Math.max(fromX, toX) + reach));
    int top = (int) Math.max(0, Math.floor(Math.min(fromY, toY) - reach));
    int bottom = (int) Math.min(size - 1.0, Math.floor(Math.max(fromY, toY) + reach));
    double dx = toX - fromX;
    double dy = toY - fromY;
    double lengthSquared = dx * dx + dy * dy;
    for (int row = top; row <= bottom; row++) {
      double py = row + 0.5 - fromY;
      for (int column = left; column <= right; column++) {
        double px = column + 0.5 - fromX;
        double along = lengthSquared == 0 ? 0 : (px * dx + py * dy) / lengthSquared;
        along = Math.clamp(along, 0.0, 1.0);
        double offX = px - along * dx;
        double offY = py - along * dy;
        double squared = offX * offX + offY * offY;
        if (squared < reach * reach) {
          double cover = Math.min(1, reach - Math.sqrt(squared));
          int at = row * size + column;
          ink[at] = Math.max(ink[at], cover);
        }
      }
    }
  }

  /** Writes the image as bytes: ink times brightness plus Gaussian noise. */
  void write(byte[] target, int offset, double brightness, double noiseStd, SplitMix64 random) {
    for (int i = 0; i < ink.length; i++) {
      double value = brightness * ink[i] + noiseStd * random.nextGaussian();
      target[offset + i] = (byte) Math.round(255 * Math.clamp(value, 0.0, 1.0));
    }
  }
}
