package dev.viking.nn;

import java.util.ArrayList;
import java.util.List;

/** Residual networks (He et al. 2016). */
public final class ResNet {
  private ResNet() {}

  /**
   * ResNet-20 for small images as in the VIKING paper's experiments ("ResNet_small"): a 3x3
   * convolution to 16 channels, three stages of three blocks with 16, 32 and 64 channels, the mean
   * over the image, and a linear layer to ten classes. The first block of the second and third
   * stage halves the image; its shortcut is a 1x1 convolution with bias and without a norm. Padding
   * is Flax's SAME: of an even image and stride 2, the last row and column.
   *
   * <p>It has 272,378 parameters, named {@code conv1.weight}, {@code bn1.weight}, {@code bn1.bias},
   * {@code layer1.0.conv1.weight}, ..., {@code layer2.0.downsample.weight}, {@code
   * layer2.0.downsample.bias}, ..., {@code fc.weight}, {@code fc.bias}. Kernels of convolutions
   * start from {@link Initialisers#heFanOutNormal()}.
   *
   * @return the model, for inputs [B, 3, 32, 32] and ten classes
   */
  public static Sequential cifar20() {
    List<Layer> layers = new ArrayList<>();
    layers.add(new Conv2d("conv1", 3, 16, Window.of(3).padding(1)).withoutBias());
    layers.add(new BatchNorm2d("bn1", 16));
    layers.add(Activation.RELU);
    long inputs = 16;
    long size = 32;
    for (int stage = 1; stage <= 3; stage++) {
      long outputs = 8L << stage;
      for (int block = 0; block < 3; block++) {
        String name = "layer" + stage + "." + block;
        boolean halves = stage > 1 && block == 0;
        Window window = halves ? Window.of(3).stride(2).same(size, size) : Window.of(3).padding(1);
        List<Layer> shortcut =
            halves
                ? List.of(new Conv2d(name + ".downsample", inputs, outputs, Window.of(1).stride(2)))
                : List.of();
        layers.add(new Residual(body(name, inputs, outputs, window), shortcut));
        layers.add(Activation.RELU);
        inputs = outputs;
        size = halves ? size / 2 : size;
      }
    }
    layers.add(new GlobalAvgPool2d());
    layers.add(new Linear("fc", 64, 10));
    return Sequential.of(new long[] {3, 32, 32}, layers)
        .withInitialiser(Initialisers.heFanOutNormal());
  }

  /**
   * ResNet-18 in torchvision's layout, see {@link #resnet34}: 11,181,642 parameters with ten
   * classes.
   *
   * @param classes number of outputs, at least 1
   * @return the model, for inputs [B, 3, 224, 224]
   */
  public static Sequential resnet18(long classes) {
    return imageNet(classes, 2, 2, 2, 2);
  }

  /**
   * ResNet-34 in torchvision's layout: a 7x7 convolution with stride 2 to 64 channels, max-pooling,
   * four stages of 3, 4, 6 and 3 blocks with 64 to 512 channels, the mean over the image, and a
   * linear layer. Padding is alike on both sides. It has 21,289,802 parameters with ten classes.
   *
   * <p>Parameters have the names and shapes of torchvision's {@code state_dict}, and so have the
   * norms' statistics: {@code bn1.running_mean} there is the mean of {@code bn1} in {@link
   * BatchStatistics}. As in the VIKING paper's experiments it starts from {@link
   * Initialisers#lecunNormal()}.
   *
   * @param classes number of outputs, at least 1
   * @return the model, for inputs [B, 3, 224, 224]
   */
  public static Sequential resnet34(long classes) {
    return imageNet(classes, 3, 4, 6, 3);
  }

  private static Sequential imageNet(long classes, int... blocks) {
    List<Layer> layers = new ArrayList<>();
    layers.add(new Conv2d("conv1", 3, 64, 7, 2, 3).withoutBias());
    layers.add(new BatchNorm2d("bn1", 64));
    layers.add(Activation.RELU);
    layers.add(new MaxPool2d(3, 2, 1));
    long inputs = 64;
    for (int stage = 1; stage <= blocks.length; stage++) {
      long outputs = 32L << stage;
      for (int block = 0; block < blocks[stage - 1]; block++) {
        String name = "layer" + stage + "." + block;
        long stride = stage > 1 && block == 0 ? 2 : 1;
        List<Layer> shortcut =
            stride == 1
                ? List.of()
                : List.of(
                    new Conv2d(name + ".downsample.0", inputs, outputs, Window.of(1).stride(2))
                        .withoutBias(),
                    new BatchNorm2d(name + ".downsample.1", outputs));
        Window window = Window.of(3).stride(stride).padding(1);
        layers.add(new Residual(body(name, inputs, outputs, window), shortcut));
        layers.add(Activation.RELU);
        inputs = outputs;
      }
    }
    layers.add(new GlobalAvgPool2d());
    layers.add(new Linear("fc", inputs, classes));
    return Sequential.of(new long[] {3, 224, 224}, layers);
  }

  private static List<Layer> body(String name, long inputs, long outputs, Window window) {
    return List.of(
        new Conv2d(name + ".conv1", inputs, outputs, window).withoutBias(),
        new BatchNorm2d(name + ".bn1", outputs),
        Activation.RELU,
        new Conv2d(name + ".conv2", outputs, outputs, Window.of(3).padding(1)).withoutBias(),
        new BatchNorm2d(name + ".bn2", outputs));
  }
}
