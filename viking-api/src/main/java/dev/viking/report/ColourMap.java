package dev.viking.report;

import java.awt.Color;

/**
 * Colours for values in 0..1, dark blue through green to yellow; brightness rises evenly (after
 * "viridis").
 */
final class ColourMap {
  private static final int[][] STOPS = {
    {68, 1, 84},
    {71, 44, 122},
    {59, 81, 139},
    {44, 113, 142},
    {33, 144, 141},
    {39, 173, 129},
    {92, 200, 99},
    {170, 220, 50},
    {253, 231, 37}
  };

  private ColourMap() {}

  /** The colour of a value; values outside 0..1 get the nearest end. */
  static Color at(double value) {
    double place = Math.clamp(value, 0.0, 1.0) * (STOPS.length - 1);
    int below = (int) Math.min(place, STOPS.length - 2.0);
    double share = place - below;
    int[] mixed = new int[3];
    for (int c = 0; c < 3; c++) {
      mixed[c] = (int) Math.round((1 - share) * STOPS[below][c] + share * STOPS[below + 1][c]);
    }
    return new Color(mixed[0], mixed[1], mixed[2]);
  }
}
