package dev.viking.nn;

import java.util.List;

/** LeNet-5 in the variant of the VIKING paper's experiments. */
public final class LeNet {
  private LeNet() {}

  /**
   * The paper's network: convolution 1 to 6 (5x5, no padding), tanh, max-pooling 2x2, convolution 6
   * to 16 (5x5), tanh, max-pooling 2x2, and linear layers 256 to 120, 84 and 10 with tanh between.
   * It has 44,426 parameters, named {@code conv1.weight}, {@code conv1.bias}, {@code conv2.*},
   * {@code fc1.*}, {@code fc2.*}, {@code fc3.*}. The feature maps are flattened channels first (the
   * paper's code: channels last, a permutation of {@code fc1}'s inputs).
   *
   * @return the model, for inputs [B, 1, 28, 28] and ten classes
   */
  public static Sequential paper() {
    return Sequential.of(
        new long[] {1, 28, 28},
        List.of(
            new Conv2d("conv1", 1, 6, 5),
            Activation.TANH,
            new MaxPool2d(2),
            new Conv2d("conv2", 6, 16, 5),
            Activation.TANH,
            new MaxPool2d(2),
            new Flatten(),
            new Linear("fc1", 256, 120),
            Activation.TANH,
            new Linear("fc2", 120, 84),
            Activation.TANH,
            new Linear("fc3", 84, 10)));
  }
}
