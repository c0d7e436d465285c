package dev.viking.report;

import dev.viking.torch.ArgumentException;
import java.util.List;

/**
 * One panel of a regression plot: predictions on a grid, and the data. Immutable once made; the
 * arrays are copied.
 */
public final class RegressionPanel {
  private final String title;
  private final double[] grid;
  private final double[] mean;
  private final double[] std;
  private final List<double[]> samples;
  private final double[] dataX;
  private final double[] dataY;

  /**
   * Makes a panel.
   *
   * @param title title of the panel
   * @param grid ascending inputs, at least two
   * @param mean predicted mean at each of them
   * @param std predicted standard deviation at each of them, at least 0
   * @param samples some functions of the posterior at the same inputs, possibly none
   * @param dataX inputs of the data
   * @param dataY targets of the data
   * @throws ArgumentException when the sizes differ or there are fewer than two inputs
   */
  public RegressionPanel(
      String title,
      double[] grid,
      double[] mean,
      double[] std,
      List<double[]> samples,
      double[] dataX,
      double[] dataY) {
    if (grid.length < 2) {
      throw new ArgumentException(
          "RegressionPanel: argument grid: given " + grid.length + " inputs; needed at least 2");
    }
    same("mean", mean.length, grid.length);
    same("std", std.length, grid.length);
    for (double[] sample : samples) {
      same("samples", sample.length, grid.length);
    }
    same("dataY", dataY.length, dataX.length);
    this.title = title;
    this.grid = grid.clone();
    this.mean = mean.clone();
    this.std = std.clone();
    this.samples = samples.stream().map(double[]::clone).toList();
    this.dataX = dataX.clone();
    this.dataY = dataY.clone();
  }

  private static void same(String argument, int given, int needed) {
    if (given != needed) {
      throw new ArgumentException(
          "RegressionPanel: argument "
              + argument
              + ": given "
              + given
              + " values; needed "
              + needed);
    }
  }

  String title() {
    return title;
  }

  double[] grid() {
    return grid;
  }

  /** The mean plus a number of standard deviations. */
  double[] shifted(double deviations) {
    double[] result = new double[mean.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = mean[i] + deviations * std[i];
    }
    return result;
  }

  List<double[]> samples() {
    return samples;
  }

  double[] dataX() {
    return dataX;
  }

  double[] dataY() {
    return dataY;
  }
}
