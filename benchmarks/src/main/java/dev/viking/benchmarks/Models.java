package dev.viking.benchmarks;

import dev.viking.nn.Activation;
import dev.viking.nn.LeNet;
import dev.viking.nn.Mlp;
import dev.viking.nn.ResNet;
import dev.viking.nn.Sequential;

/** The models of the benchmarks by name; the twins use the same names. */
public final class Models {
  private static final int PIXELS = 28 * 28;
  private static final int WIDTH = 128;

  private Models() {}

  /**
   * Makes a model.
   *
   * @param name {@code lenet} (44,426 parameters); {@code mlp}, 784-128-128-10 with GELU (118,282),
   *     or {@code mlpW} with W units in each hidden layer instead; {@code resnet20} (272,378),
   *     whose norms have mean 0 and variance 1
   * @return the model, for ten classes
   * @throws IllegalArgumentException when there is no such model
   */
  public static Sequential of(String name) {
    if (name.equals("lenet")) {
      return LeNet.paper();
    }
    if (name.equals("resnet20")) {
      return ResNet.cifar20();
    }
    if (name.matches("mlp[0-9]*")) {
      int width = name.equals("mlp") ? WIDTH : Integer.parseInt(name.substring(3));
      return Mlp.of(new int[] {PIXELS, width, width, Problem.CLASSES}, Activation.GELU_TANH);
    }
    throw new IllegalArgumentException(
        "there is no model '" + name + "'; there are lenet, mlp, mlpW and resnet20");
  }
}
