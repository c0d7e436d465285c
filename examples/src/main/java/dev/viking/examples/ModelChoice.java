package dev.viking.examples;

import dev.viking.nn.Activation;
import dev.viking.nn.Flatten;
import dev.viking.nn.LeNet;
import dev.viking.nn.Linear;
import dev.viking.nn.Sequential;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Networks for images of 28 x 28 in ten classes. */
enum ModelChoice {
  /** The paper's LeNet, 44,426 parameters. */
  LENET,
  /** One hidden layer of 32 units, 25,450 parameters. */
  MLP;

  /** The network of a name. */
  static ModelChoice of(String name) {
    for (ModelChoice choice : values()) {
      if (choice.toString().equals(name)) {
        return choice;
      }
    }
    throw new UsageException(
        "--model: " + name + " given; one of " + Arrays.toString(values()) + " is needed");
  }

  Sequential model() {
    return switch (this) {
      case LENET -> LeNet.paper();
      case MLP ->
          Sequential.of(
              new long[] {1, 28, 28},
              List.of(
                  new Flatten(),
                  new Linear("fc1", 784, 32),
                  Activation.TANH,
                  new Linear("fc2", 32, 10)));
    };
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
